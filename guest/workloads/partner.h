/* The second end of a two-thread workload: a thread of this address space, on a static stack. peer.h does the same with
 * a process. */
#ifndef FERRULE_PARTNER_H
#define FERRULE_PARTNER_H

#include "workloads/workload.h"

struct partner {
    struct os_thread thread;
    int started;
    uint64_t turns; /* of the partner; its entry function counts them */
};

static char partner_stack[16384] __attribute__((aligned(64)));

static inline long partner_start(struct run *run, struct partner *partner, os_entry entry) {
    TRY(run, os_thread_start(&partner->thread, entry, run, partner_stack, sizeof partner_stack));
    partner->started = 1;
    return 0;
}

/* A verify, or its first part: each operation must give the partner one turn. */
static inline long partner_verify(struct run *run, const struct partner *partner, void (*op)(struct run *)) {
    enum { TURNS = 100 };
    for (unsigned turn = 0; turn < TURNS; turn++)
        op(run);
    if (run->failed || partner->turns != TURNS)
        return WRONG(run, "the other thread did not have its turn every time");
    return 0;
}

#endif
