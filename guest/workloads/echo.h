/* Ping-pong between two processes over one connection that both read and write: `size` bytes there, and back. The
 * second process answers with what it got, its first byte changed so that the first can tell an answer from its own
 * bytes; it leaves at a message that begins with zero, because not every kernel tells it that its partner has gone. */
#ifndef FERRULE_ECHO_H
#define FERRULE_ECHO_H

#include "workloads/peer.h"

enum { ECHO_LARGEST = 4096, ECHO_STOP = 0 };
enum { ECHO_HERE, ECHO_THERE };

struct echo {
    int end[2];
    struct os_process process;
    int started;
    size_t size;
};

static char echo_message[ECHO_LARGEST];

static inline void echo_answer(struct run *run, struct echo *own) {
    long got;
    pipe_close_end(&own->end[ECHO_HERE]);
    run_pin(run, 1);
    while ((got = os_read(own->end[ECHO_THERE], echo_message, own->size)) > 0 && echo_message[0] != ECHO_STOP) {
        echo_message[0]++;
        if (os_write(own->end[ECHO_THERE], echo_message, (size_t)got) != got)
            break;
        echo_message[0] = ECHO_STOP;
    }
}

/* Of parameter size=, before the connection is made. */
static inline long echo_prepare(struct run *run, struct echo *own) {
    int64_t size = run_param(run, "size");
    if (size < 1 || size > ECHO_LARGEST)
        return REFUSE(run, "size", "1..4096");
    own->size = (size_t)size;
    run->bytes = 2 * (uint64_t)size;
    return 0;
}

/* entry(run) is to call echo_answer(). */
static inline long echo_start(struct run *run, struct echo *own, os_entry entry) {
    TRY(run, os_process_start(&own->process, entry, run));
    own->started = 1;
    pipe_close_end(&own->end[ECHO_THERE]);
    return 0;
}

static inline void echo_turn(struct run *run, struct echo *own) {
    echo_message[0] = 1;
    long sent = os_write(own->end[ECHO_HERE], echo_message, own->size);
    long got = os_read(own->end[ECHO_HERE], echo_message, own->size);
    EXPECT(run, (sent == (long)own->size) & (got == sent) & (echo_message[0] == 2));
}

static inline long echo_verify(struct run *run, struct echo *own) {
    for (unsigned turn = 0; turn < 32 && !run->failed; turn++)
        echo_turn(run, own);
    return run->failed ? WRONG(run, "what came back was not the other process's answer") : 0;
}

/* Also after a start that stopped half-way. */
static inline void echo_end(struct echo *own) {
    echo_message[0] = ECHO_STOP;
    if (own->started)
        os_write(own->end[ECHO_HERE], echo_message, own->size);
    pipe_close_end(&own->end[ECHO_HERE]);
    pipe_close_end(&own->end[ECHO_THERE]);
    if (own->started)
        os_process_join(&own->process);
}

#endif
