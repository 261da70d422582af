/* The message of a round trip between two processes: `size` bytes, which the other end sends back with one added to the
 * first, so that no end takes its own bytes for an answer. A first byte of MESSAGE_STOP asks the other end to leave:
 * not every kernel reports that a partner has gone. */
#ifndef FERRULE_MESSAGE_H
#define FERRULE_MESSAGE_H

#include "workloads/workload.h"

enum { MESSAGE_LARGEST = 4096 }; /* PIPE_BUF: no kernel splits a message up to this size */
enum { MESSAGE_STOP, MESSAGE_ASK, MESSAGE_ANSWER };

static char message[MESSAGE_LARGEST];

/* The parameter `size`, at most MESSAGE_LARGEST; a round trip copies it twice. */
static inline long message_size(struct run *run, size_t *into) {
    PARAMETER(run, size, 1, 4096);
    *into = (size_t)size;
    run->bytes = 2 * (uint64_t)size;
    return 0;
}

/* A verify for an op that sends MESSAGE_ASK and expects MESSAGE_ANSWER. */
static inline long message_verify(struct run *run, void (*op)(struct run *)) {
    for (unsigned turn = 0; turn < 32 && !run->failed; turn++)
        op(run);
    return run->failed ? WRONG(run, "what came back was not the other process's answer") : 0;
}

#endif
