/* How late a sleeper wakes, as cyclictest measures it: sleep until a moment `interval` microseconds ahead
 * (clock_nanosleep with TIMER_ABSTIME where the kernel has absolute sleeps), and take the time between that moment and
 * the return. The number does not include the time asked for: it is the timer's slack or step, the way out of idle, the
 * scheduler's part, and half a reading of the clock. `policy`: 0 other, 1 fifo, 2 round robin, which a kernel may
 * refuse to this user. `load`: so many busy threads of policy other on the same CPU. Pitfall: the moments are not on
 * one grid: a late wake-up moves the next moment, so a stall counts once. */
#include "workloads/crowd.h"
#include "workloads/deadline.h"

STATE(struct crowd) /* busy */

static void spin(void *argument) {
    struct crowd_one *one = argument;
    run_pin(one->run, 0);
    while (!one->crowd->leave)
        one->turns++;
}

static long setup(struct run *run) {
    PARAMETER(run, interval, 1, 1000000);
    PARAMETER(run, policy, 0, 2);
    PARAMETER(run, load, 0, 64);
    if (load && !OS_PREEMPTS) {
        run->operation = "preemption";
        run->seen = "a busy thread would keep the core for ever";
        return -OS_DOES_NOT_EXIST;
    }
    run->asked_ns = (uint64_t)interval * 1000;
    TRY(run, run_pin(run, 0));
    long started = crowd_start(run, state(run), (uint32_t)load, spin);
    if (started >= 0 && policy != OS_POLICY_OTHER)
        TRY(run, os_policy((unsigned)policy)); /* after the start of the others, which would inherit it */
    return started;
}

static inline void op(struct run *run) {
    EXPECT(run, os_sleep_until(os_clock_ns() + run->asked_ns) >= 0);
}

static long sleep_past(struct run *run, uint64_t ns) {
    TRY(run, os_sleep_until(os_clock_ns() + ns));
    return 0;
}

static long verify(struct run *run) {
    enum { LONG_NS = 2000000 };
    const struct crowd *busy = state(run);
    PASS_ON(deadline_verify(run, sleep_past));
    uint64_t moment = os_clock_ns();
    TRY(run, os_sleep_until(moment - LONG_NS));
    if (os_clock_ns() - moment > 500 * (uint64_t)LONG_NS)
        return WRONG(run, "a sleep until a past moment did not return at once");
    for (uint32_t i = 0; i < busy->started; i++)
        for (unsigned turn = 0; !busy->one[i].turns; turn++)
            if (turn == 1000 || os_sleep_until(os_clock_ns() + LONG_NS) < 0)
                return WRONG(run, "a busy thread never ran");
    return 0;
}

static void teardown(struct run *run) {
    os_policy(OS_POLICY_OTHER);
    crowd_end(state(run));
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
    STEPS_AND_TEARDOWN,
};
