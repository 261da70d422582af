/* For tests: an operation that this OS does not have. */
#include "workloads/workload.h"

static long os_telepathy(void) {
    return -OS_ENOSYS;
}

static long setup(struct run *run) {
    TRY(run, os_telepathy());
    return 0;
}

static inline void op(struct run *run) {
    (void)run;
}

WORKLOAD{
    .name = "absent",
    .family = "faults",
    .what = "an operation that no OS has",
    .per = PER_CALL,
    .ends = 1,
    .hidden = 1,
    .setup = setup,
    LOOPS,
};
