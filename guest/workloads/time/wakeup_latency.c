/* How late a sleeper wakes, as cyclictest measures it: sleep until a moment `interval` microseconds ahead
 * (clock_nanosleep with TIMER_ABSTIME where the kernel sleeps until moments), and take what passes between that moment
 * and the return. The time asked for is no part of the number: it is the timer's slack or step, the way out of idle,
 * the scheduler's, and half a reading of the clock. `policy`: 0 other, 1 fifo, 2 round robin, which a kernel may refuse
 * to this user. `load`: so many busy threads of policy other on the same CPU. Pitfall: the moments are not on one grid,
 * a late one moves the next, so that a stall counts once. */
#include "workloads/crowd.h"

enum { LONGEST_US = 1000000 };

struct state {
    struct crowd busy;
};
STATE(struct state)

static void spin(void *argument) {
    struct crowd_one *one = argument;
    run_pin(one->run, 0);
    while (!one->crowd->leave)
        one->turns++;
}

static long setup(struct run *run) {
    int64_t interval = run_param(run, "interval"), policy = run_param(run, "policy"), load = run_param(run, "load");
    if (interval < 1 || interval > LONGEST_US)
        return REFUSE(run, "interval", "1..1000000 (us)");
    if (policy < OS_POLICY_OTHER || policy > OS_POLICY_RR)
        return REFUSE(run, "policy", "0..2");
    if (load < 0 || load > CROWD_MOST)
        return REFUSE(run, "load", "0..64");
    if (load && !OS_PREEMPTS) {
        run->operation = "preemption";
        run->seen = "a busy thread would keep the core for ever";
        return -OS_DOES_NOT_EXIST;
    }
    run->asked_ns = (uint64_t)interval * 1000;
    TRY(run, run_pin(run, 0));
    long started = crowd_start(run, &state(run)->busy, (uint32_t)load, spin);
    if (started >= 0 && policy != OS_POLICY_OTHER)
        TRY(run, os_policy((unsigned)policy)); /* after the others, who would inherit it */
    return started;
}

static inline void op(struct run *run) {
    EXPECT(run, os_sleep_until(os_clock_ns() + run->asked_ns) >= 0);
}

static long verify(struct run *run) {
    enum { LONG_NS = 2000000, SLACK_NS = 1000 }; /* two clocks may be one of their steps apart */
    struct crowd *busy = &state(run)->busy;
    for (unsigned turn = 0; turn < 3; turn++) { /* one alone may only seem to have slept: somebody else ran */
        uint64_t moment = os_clock_ns() + LONG_NS;
        TRY(run, os_sleep_until(moment));
        if (os_clock_ns() + SLACK_NS < moment)
            return WRONG(run, "woke before the moment");
    }
    uint64_t moment = os_clock_ns();
    TRY(run, os_sleep_until(moment - LONG_NS));
    if (os_clock_ns() - moment > 500 * (uint64_t)LONG_NS)
        return WRONG(run, "slept until a moment that had passed");
    for (uint32_t i = 0; i < busy->started; i++)
        for (unsigned turn = 0; !busy->one[i].turns; turn++)
            if (turn == 1000 || os_sleep_until(os_clock_ns() + LONG_NS) < 0)
                return WRONG(run, "a busy thread never ran");
    return 0;
}

static void teardown(struct run *run) {
    os_policy(OS_POLICY_OTHER);
    crowd_end(&state(run)->busy);
}

WORKLOAD{
    .name = "wakeup_latency",
    .family = "time",
    .what = "how late a sleep until a moment ends (cyclictest)",
    .per = PER_CALL,
    .ends = 1,
    .switches = 2,
    .waits = 1,
    .params = "interval=1000 policy=0 load=0",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
