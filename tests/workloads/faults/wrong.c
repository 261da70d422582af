/* For tests: an operation that does not do what its name says, and a verify that detects it. */
#include "workloads/workload.h"

static long verify(struct run *run) {
    return WRONG(run, "41 instead of 42");
}

static inline void op(struct run *run) {
    (void)run;
}

WORKLOAD{
    .name = "wrong",
    .family = "faults",
    .what = "does something else",
    .per = PER_CALL,
    .ends = 1,
    .hidden = 1,
    .verify = verify,
    LOOPS,
};
