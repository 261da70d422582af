/* For tests: waits for a wake-up that no thread will make. */
#include "workloads/workload.h"

static volatile uint32_t word;

static inline void op(struct run *run) {
    (void)run;
    os_wait(&word, 0, 0, 0);
}

WORKLOAD{
    .name = "deadlock",
    .family = "floor",
    .what = "waits for ever",
    .per = PER_CALL,
    .ends = 1,
    .hidden = 1,
    LOOPS,
};
