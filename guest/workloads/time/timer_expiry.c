/* A timer behind a descriptor (timerfd) is armed to expire after `ns` nanoseconds, and waited for: a read that sleeps
 * until it has. Two calls; the time asked for is no part of the number, but the arming before it is. */
#include "workloads/workload.h"

struct state {
    struct os_timer timer;
    int opened;
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t ns = run_param(run, "ns");
    if (ns < 1 || ns > 100000000)
        return REFUSE(run, "ns", "1..100000000");
    run->asked_ns = (uint64_t)ns;
    TRY(run, os_timer_open(&state(run)->timer));
    state(run)->opened = 1;
    return 0;
}

/* How often it expired. */
static inline long expire(struct run *run, uint64_t ns) {
    const struct os_timer *timer = &state(run)->timer;
    long armed = os_timer_arm(timer, ns);
    return armed < 0 ? armed : os_timer_wait(timer);
}

static inline void op(struct run *run) {
    EXPECT(run, expire(run, run->asked_ns) == 1);
}

static long verify(struct run *run) {
    enum { LONG_NS = 2000000, SLACK_NS = 1000 };
    for (unsigned turn = 0; turn < 3; turn++) { /* one alone may only seem to have waited: somebody else ran */
        uint64_t before = os_clock_ns();
        long times;
        TRY(run, times = expire(run, LONG_NS));
        if (os_clock_ns() - before + SLACK_NS < LONG_NS)
            return WRONG(run, "it expired before its time");
        if (times != 1)
            return WRONG(run, "it did not expire once");
    }
    return 0;
}

static void teardown(struct run *run) {
    if (state(run)->opened)
        os_timer_close(&state(run)->timer);
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
