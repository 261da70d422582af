/* A timer behind a descriptor (timerfd) is armed to expire after `ns` nanoseconds, and waited for: a read that sleeps
 * until it has. Two calls; the number does not include the time asked for, but includes the arming before it. */
#include "workloads/deadline.h"

struct state {
    struct os_timer timer;
    int opened;
};
STATE(struct state)

static long setup(struct run *run) {
    PARAMETER(run, ns, 1, 100000000);
    run->asked_ns = (uint64_t)ns;
    TRY(run, os_timer_open(&state(run)->timer));
    state(run)->opened = 1;
    return 0;
}

/* Returns how often it expired, or a negative errno. */
static inline long expire(struct run *run, uint64_t ns) {
    const struct os_timer *timer = &state(run)->timer;
    long armed = os_timer_arm(timer, ns);
    return armed < 0 ? armed : os_timer_wait(timer);
}

static inline void op(struct run *run) {
    EXPECT(run, expire(run, run->asked_ns) == 1);
}

static long expire_once(struct run *run, uint64_t ns) {
    long times;
    TRY(run, times = expire(run, ns));
    return times == 1 ? 0 : WRONG(run, "the timer did not expire exactly once");
}

static long verify(struct run *run) {
    return deadline_verify(run, expire_once);
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
    STEPS_AND_TEARDOWN,
};
