/* A wait that nobody ends: a thread sleeps on a word for `ns` nanoseconds, the timer is armed, the CPU idles, the
 * timer's interrupt ends the wait with an error. The time asked for is inside; what is more is the kernel's: its step,
 * its slack, its way into sleep and out of it. */
#include "workloads/workload.h"

struct state {
    uint64_t ns;
    volatile uint32_t word;
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t ns = run_param(run, "ns");
    if (ns < 1000 || ns > 100000000)
        return REFUSE(run, "ns", "1000..100000000");
    state(run)->ns = (uint64_t)ns;
    return 0;
}

static inline long expire(struct run *run, uint64_t ns) {
    return os_wait(&state(run)->word, 0, ns, 0);
}

static long verify(struct run *run) {
    enum { LONG_NS = 2000000, SLACK_NS = 1000 }; /* two clocks may be one of their steps apart */
    uint64_t before = os_clock_ns();
    long result = expire(run, LONG_NS);
    if (result == -OS_ENOSYS || result == -OS_NOT_PORTED)
        TRY(run, os_wake(&state(run)->word, 1, 0)); /* the same answer, by its name */
    if (result != -OS_ETIMEDOUT)
        return WRONG(run, "a wait that nobody ended did not time out");
    return os_clock_ns() - before + SLACK_NS >= LONG_NS ? 0 : WRONG(run, "timed out before its time");
}

static inline void op(struct run *run) {
    EXPECT(run, expire(run, state(run)->ns) == -OS_ETIMEDOUT);
}

WORKLOAD{
    .name = "futex_timeout",
    .family = "time",
    .what = "wait on a word until the timeout ends it",
    .per = PER_CALL,
    .ends = 1,
    .switches = 2,
    .waits = 1,
    .params = "ns=1000",
    .setup = setup,
    .verify = verify,
    LOOPS,
};
