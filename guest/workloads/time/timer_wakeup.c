/* A sleep of `ns` nanoseconds: the timer is armed, the CPU has nothing to do, the timer's interrupt wakes the sleeper.
 * With ns=1 this is what a sleep costs beyond the time slept; kernels round up to their timer's step or slack, and that
 * is theirs to answer for. */
#include "workloads/workload.h"

struct state {
    uint64_t ns;
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t ns = run_param(run, "ns");
    if (ns < 1 || ns > 100000000)
        return REFUSE(run, "ns", "1..100000000");
    state(run)->ns = (uint64_t)ns;
    return 0;
}

static inline long nap(uint64_t ns) {
    return os_sleep(ns);
}

static long verify(struct run *run) {
    enum { LONG_NS = 2000000, SLACK_NS = 1000 }; /* two clocks may be one of their steps apart */
    uint64_t before = os_clock_ns();
    TRY(run, nap(LONG_NS));
    return os_clock_ns() - before + SLACK_NS >= LONG_NS ? 0 : WRONG(run, "woke before its time");
}

static inline void op(struct run *run) {
    EXPECT(run, nap(state(run)->ns) >= 0);
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
    .setup = setup,
    .verify = verify,
    LOOPS,
};
