/* A wait that no other thread ends: a thread sleeps on a word for `ns` nanoseconds, the timer is armed, the CPU idles,
 * the timer's interrupt ends the wait with an error. The number includes the time asked for; the rest is the kernel's:
 * its timer's step or slack, its way into sleep and out of it. */
#include "workloads/deadline.h"

struct state {
    uint64_t ns;
    volatile uint32_t word;
};
STATE(struct state)

static long setup(struct run *run) {
    PARAMETER(run, ns, 1000, 100000000);
    state(run)->ns = (uint64_t)ns;
    return 0;
}

static inline long expire(struct run *run, uint64_t ns) {
    return os_wait(&state(run)->word, 0, ns, 0);
}

static inline void op(struct run *run) {
    EXPECT(run, expire(run, state(run)->ns) == -OS_ETIMEDOUT);
}

static long time_out(struct run *run, uint64_t ns) {
    long result = expire(run, ns);
    if (result == -OS_ENOSYS || result == -OS_NOT_PORTED)
        TRY(run, os_wake(&state(run)->word, 1, 0)); /* the same refusal, which then names the call */
    return result == -OS_ETIMEDOUT ? 0 : WRONG(run, "a wait that nobody ended did not time out");
}

static long verify(struct run *run) {
    return deadline_verify(run, time_out);
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
    STEPS,
};
