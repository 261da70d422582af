/* For tests: an operation that never ends. */
#include "workloads/workload.h"

static inline void op(struct run *run) {
    (void)run;
    for (;;)
        __asm__ volatile("");
}

WORKLOAD{
    .name = "hang",
    .family = "faults",
    .what = "never ends",
    .per = PER_CALL,
    .ends = 1,
    .hidden = 1,
    LOOPS,
};
