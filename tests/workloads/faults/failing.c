/* For tests: an operation that passes its verify and then fails every time. */
#include "workloads/workload.h"

static inline void op(struct run *run) {
    EXPECT(run, os_close(-1) == 0);
}

WORKLOAD{
    .name = "failing",
    .family = "faults",
    .what = "closes what is not open",
    .per = PER_CALL,
    .ends = 1,
    .hidden = 1,
    LOOPS,
};
