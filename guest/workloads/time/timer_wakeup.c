/* A sleep of `ns` nanoseconds: the timer is armed, the CPU has nothing to do, the timer's interrupt wakes the sleeper.
 * With ns=1 this is what a sleep costs beyond the time slept; kernels round up to their timer's step or slack, and the
 * number includes that. */
#include "workloads/deadline.h"

STATE(uint64_t) /* ns */

static long setup(struct run *run) {
    PARAMETER(run, ns, 1, 100000000);
    *state(run) = (uint64_t)ns;
    return 0;
}

static inline long nap(struct run *run, uint64_t ns) {
    TRY(run, os_sleep(ns));
    return 0;
}

static inline void op(struct run *run) {
    EXPECT(run, os_sleep(*state(run)) >= 0);
}

static long verify(struct run *run) {
    return deadline_verify(run, nap);
}

WORKLOAD{
    .name = "timer_wakeup",
    .family = "time",
    .what = "sleep until a timer's interrupt, as short as can be",
    .per = PER_CALL,
    .ends = 1,
    .switches = 2,
    .waits = 1,
    .params = "ns=1",
    STEPS,
};
