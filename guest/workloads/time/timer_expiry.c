/* A timer behind a descriptor (timerfd) is armed to expire after `ns` nanoseconds, and read: the reader sleeps until it
 * has. Two calls; the time asked for is no part of the number, but the arming before it is. */
#include "workloads/workload.h"

struct state {
    int timer; /* 0: not open */
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t ns = run_param(run, "ns");
    long timer;
    if (ns < 1 || ns > 100000000)
        return REFUSE(run, "ns", "1..100000000");
    run->asked_ns = (uint64_t)ns;
    TRY(run, timer = os_timer_open());
    state(run)->timer = (int)timer;
    return 0;
}

static inline long expire(struct run *run, uint64_t ns, uint64_t *times) {
    int timer = state(run)->timer;
    long armed = os_timer_arm(timer, ns);
    return armed < 0 ? armed : os_read(timer, times, sizeof *times);
}

static inline void op(struct run *run) {
    uint64_t times = 0;
    EXPECT(run, (expire(run, run->asked_ns, &times) == sizeof times) & (times == 1));
}

static long verify(struct run *run) {
    enum { LONG_NS = 2000000, SLACK_NS = 1000 };
    for (unsigned turn = 0; turn < 3; turn++) { /* one alone may only seem to have waited: somebody else ran */
        uint64_t before = os_clock_ns(), times = 0;
        TRY(run, expire(run, LONG_NS, &times));
        if (os_clock_ns() - before + SLACK_NS < LONG_NS)
            return WRONG(run, "it expired before its time");
        if (times != 1)
            return WRONG(run, "it did not expire once");
    }
    return 0;
}

static void teardown(struct run *run) {
    if (state(run)->timer > 0)
        os_close(state(run)->timer);
}

WORKLOAD{
    .name = "timer_expiry",
    .family = "time",
    .what = "arm a timer and sleep until it expires (timerfd)",
    .per = PER_CALL,
    .ends = 1,
    .switches = 2,
    .waits = 1,
    .params = "ns=1000",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
