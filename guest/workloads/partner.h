/* The second end of a two-thread workload: a thread of this address space, on a stack of ours. A process in its place
 * is peer.h's. */
#ifndef FERRULE_PARTNER_H
#define FERRULE_PARTNER_H

#include "workloads/workload.h"

struct partner {
    struct os_thread thread;
    int started;
    uint64_t turns; /* that it has had: its entry counts them */
};

static char partner_stack[16384] __attribute__((aligned(64)));

static inline long partner_start(struct run *run, struct partner *partner, os_entry entry) {
    TRY(run, os_thread_start(&partner->thread, entry, run, partner_stack, sizeof partner_stack));
    partner->started = 1;
    return 0;
}

/* The end of a verify in which it was to have so many turns. */
static inline long partner_had(struct run *run, const struct partner *partner, uint64_t turns) {
    if (run->failed || partner->turns != turns)
        return WRONG(run, "the other thread did not have its turn every time");
    return 0;
}

#endif
