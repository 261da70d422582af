/* Ping-pong between two processes over two one-way lines: send `size` bytes, wait for them to come back.
 * LINES_OVER(line, receive, send) defines the whole workload except its row: line(run, end) makes one line, end[0] of
 * which receives and end[1] sends by these operations. library=1 makes both ends programs on a C library, which is what
 * other tools time: they call through functions, whose returns a kernel may make slow (null_call_wrapped.c), and their
 * threads are registered with the kernel (os_library_enter), which may then do more at each switch: 5 % of a round trip
 * and more. */
#ifndef FERRULE_LINES_H
#define FERRULE_LINES_H

#include "workloads/library.h"
#include "workloads/message.h"
#include "workloads/peer.h"

struct lines {
    struct peer peer;
    size_t size;
    int entered;
};

/* A verify: each answer is the message with one added to its first byte. */
static inline long lines_verify(struct run *run, void (*op)(struct run *)) {
    for (char first = 1; first < 64 && !run->failed; first += 2) {
        message[0] = first;
        op(run);
        if (message[0] != first + 1)
            return WRONG(run, "what came back was not the other process's answer");
    }
    return run->failed ? WRONG(run, "the bytes did not come back") : 0;
}

static inline long lines_start(struct run *run, struct lines *own, long (*line)(struct run *, int *), os_entry entry) {
    long result = message_size(run, &own->size);
    if (result < 0)
        return result;
    if (run->library)
        TRY(run, os_library_enter());
    own->entered = run->library;
    if ((result = line(run, own->peer.there)) < 0 || (result = line(run, own->peer.back)) < 0)
        return result;
    return peer_begin(run, &own->peer, entry);
}

static inline void lines_end(struct lines *own) {
    peer_end(&own->peer);
    if (own->entered)
        os_library_leave();
}

STATE(struct lines)

#define LINES_ENDS(receive, send)                                                                                      \
    static void echo(void *argument) {                                                                                 \
        struct run *run = argument;                                                                                    \
        struct lines *own = state(run);                                                                                \
        peer_enter(run, &own->peer);                                                                                   \
        while (CALL(run, receive, own->peer.there[0], message, own->size) == (long)own->size) {                        \
            message[0]++;                                                                                              \
            if (CALL(run, send, own->peer.back[1], message, own->size) < 0)                                            \
                break;                                                                                                 \
        }                                                                                                              \
    }                                                                                                                  \
    static inline void op(struct run *run) {                                                                           \
        struct lines *own = state(run);                                                                                \
        long sent = CALL(run, send, own->peer.there[1], message, own->size);                                           \
        long got = CALL(run, receive, own->peer.back[0], message, own->size);                                          \
        EXPECT(run, (sent >= 0) & (got == (long)own->size));                                                           \
    }

#define LINES_OVER(line, receive, send)                                                                                \
    LINES_ENDS(receive, send)                                                                                          \
    static long setup(struct run *run) {                                                                               \
        return lines_start(run, state(run), line, echo);                                                               \
    }                                                                                                                  \
    static long verify(struct run *run) {                                                                              \
        return lines_verify(run, op);                                                                                  \
    }                                                                                                                  \
    static void teardown(struct run *run) {                                                                            \
        lines_end(state(run));                                                                                         \
    }

#endif
