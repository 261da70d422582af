/* Checks that a wait which only its own timeout ends does not end early. */
#ifndef FERRULE_DEADLINE_H
#define FERRULE_DEADLINE_H

#include "workloads/workload.h"

/* A verify, or its first part: wait(run, ns) must not return before `ns` nanoseconds are over. If it returns another
 * value than 0, that is the verify's result. */
static inline long deadline_verify(struct run *run, long (*wait)(struct run *, uint64_t)) {
    enum { TURNS = 10, LONG_NS = 3000000, SLACK_NS = 1000 }; /* two clocks may differ by one of their steps */
    for (unsigned turn = 0; turn < TURNS; turn++) {          /* one wait may only seem long: another thread ran */
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
