/* Doing nothing for `ms` milliseconds, alone or beside `sleepers` threads that sleep `period` milliseconds again and
 * again, their first deadlines evenly `spread` milliseconds apart. Whatever a kernel executes meanwhile, no program
 * asked for; `ferrule power` counts it. The time shows how late this sleep ends; one sleep in the count is this
 * thread's own. */
#include "workloads/sleepers.h"

enum { NS_PER_MS = 1000000 };

struct state {
    uint64_t ns;
    struct sleepers others;
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t ms = run_param(run, "ms"), period = run_param(run, "period"), spread = run_param(run, "spread");
    struct sleepers *others = &state(run)->others;
    others->count = run_param(run, "sleepers");
    if (ms < 1 || ms > 60000 || period < 1 || period > 10000 || spread < 0 || spread > period)
        return REFUSE(run, "ms, period or spread", "1..60000, 1..10000, 0..period");
    if (others->count < 0 || others->count > SLEEPERS)
        return REFUSE(run, "sleepers", "0..64");
    state(run)->ns = (uint64_t)ms * NS_PER_MS;
    others->period = (uint64_t)period * NS_PER_MS;
    others->spread = (uint64_t)spread * NS_PER_MS;
    return 0;
}

/* Checked before any sleeper is started: one whose sleep returned at once would keep the machine busy for ever. */
static long verify(struct run *run) {
    struct state *own = state(run);
    uint64_t ns = own->others.period < own->ns ? own->others.period : own->ns, before = os_clock_ns();
    TRY(run, os_sleep(ns));
    return os_clock_ns() - before >= ns / 2 ? sleepers_start(run, &own->others) : WRONG(run, "woke before its time");
}

static inline void op(struct run *run) {
    EXPECT(run, os_sleep(state(run)->ns) >= 0);
}

static void teardown(struct run *run) {
    sleepers_end(&state(run)->others);
}

WORKLOAD{
    .name = "idle",
    .family = "power",
    .what = "sleep, with nothing else to do or beside threads that wake up now and then",
    .per = PER_CALL,
    .ends = 1,
    .max_batch = 1,
    .switches = 2,
    .waits = 1,
    .params = "ms=10 sleepers=0 period=100 spread=0",
    STEPS_AND_TEARDOWN,
};
