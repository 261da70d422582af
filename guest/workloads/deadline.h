/* A wait that its own deadline ends, and nobody else: not before its time. */
#ifndef FERRULE_DEADLINE_H
#define FERRULE_DEADLINE_H

#include "workloads/workload.h"

/* A verify, or the beginning of one: wait(run, ns) comes back after so many nanoseconds. What it returns, where that is
 * not 0, is a verify's result. */
static inline long deadline_verify(struct run *run, long (*wait)(struct run *, uint64_t)) {
    enum { TURNS = 10, LONG_NS = 3000000, SLACK_NS = 1000 }; /* two clocks may be one of their steps apart */
    for (unsigned turn = 0; turn < TURNS; turn++) { /* one alone may only seem to have waited: somebody else ran */
        uint64_t before = os_clock_ns();
        long result = wait(run, LONG_NS);
        if (result)
            return result;
        if (os_clock_ns() - before + SLACK_NS < LONG_NS)
            return WRONG(run, "the wait ended before its time");
    }
    return 0;
}

#endif
