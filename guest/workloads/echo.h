/* Ping-pong between two processes over one connection that both read and write: a message there, and back.
 * ECHO_OVER(connect) defines the whole workload except its row; connect(run, end) makes the two ends. */
#ifndef FERRULE_ECHO_H
#define FERRULE_ECHO_H

#include "workloads/message.h"
#include "workloads/peer.h"

enum { ECHO_HERE, ECHO_THERE };

struct echo {
    int end[2];
    struct os_process process;
    int started;
    size_t size;
};

static inline void echo_answer(struct run *run, struct echo *own) {
    long got;
    pipe_close_end(&own->end[ECHO_HERE]);
    run_pin(run, 1);
    while ((got = os_read(own->end[ECHO_THERE], message, own->size)) > 0 && message[0] != MESSAGE_STOP) {
        message[0]++;
        if (os_write(own->end[ECHO_THERE], message, (size_t)got) != got)
            break;
        message[0] = MESSAGE_STOP;
    }
}

/* entry(run) must call echo_answer(). */
static inline long echo_start(struct run *run, struct echo *own, os_entry entry) {
    TRY(run, os_process_start(&own->process, entry, run));
    own->started = 1;
    pipe_close_end(&own->end[ECHO_THERE]);
    return 0;
}

static inline void echo_turn(struct run *run, struct echo *own) {
    message[0] = MESSAGE_ASK;
    long sent = os_write(own->end[ECHO_HERE], message, own->size);
    long got = os_read(own->end[ECHO_HERE], message, own->size);
    EXPECT(run, (sent == (long)own->size) & (got == sent) & (message[0] == MESSAGE_ANSWER));
}

/* Safe also after a start that stopped half-way. */
static inline void echo_end(struct echo *own) {
    message[0] = MESSAGE_STOP;
    if (own->started)
        os_write(own->end[ECHO_HERE], message, own->size);
    pipe_close_end(&own->end[ECHO_HERE]);
    pipe_close_end(&own->end[ECHO_THERE]);
    if (own->started)
        os_process_join(&own->process);
}

#define ECHO_OVER(connect)                                                                                             \
    STATE(struct echo)                                                                                                 \
    static void answer(void *argument) {                                                                               \
        struct run *run = argument;                                                                                    \
        echo_answer(run, state(run));                                                                                  \
    }                                                                                                                  \
    static long setup(struct run *run) {                                                                               \
        long refused = message_size(run, &state(run)->size);                                                           \
        if (refused < 0)                                                                                               \
            return refused;                                                                                            \
        if ((refused = connect(run, state(run)->end)) < 0)                                                             \
            return refused;                                                                                            \
        return echo_start(run, state(run), answer);                                                                    \
    }                                                                                                                  \
    static inline void op(struct run *run) {                                                                           \
        echo_turn(run, state(run));                                                                                    \
    }                                                                                                                  \
    static long verify(struct run *run) {                                                                              \
        return message_verify(run, op);                                                                                \
    }                                                                                                                  \
    static void teardown(struct run *run) {                                                                            \
        echo_end(state(run));                                                                                          \
    }

#endif
