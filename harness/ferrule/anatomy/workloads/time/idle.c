/* Doing nothing for `ms` milliseconds, and waking up for others: `sleepers` threads sleep `period` milliseconds again
 * and again, their deadlines evenly `spread` milliseconds apart. What a kernel executes meanwhile, it executes unasked.
 * One sleep in each window is the measuring program's own. */
#include "workloads/workload.h"

enum { SLEEPERS = 64, STACK = 4096 };

struct state {
    uint64_t ns, period, spread;
    int64_t sleepers, started;
    volatile int64_t leave;
};
STATE(struct state)

static struct sleeper {
    struct run *run;
    struct os_thread thread;
    uint64_t first;
} sleepers[SLEEPERS];
static char stacks[SLEEPERS][STACK] __attribute__((aligned(4096)));

static void doze(void *argument) {
    struct sleeper *own = argument;
    if (own->first)
        os_sleep(own->first);
    while (!state(own->run)->leave)
        os_sleep(state(own->run)->period);
}

static long setup(struct run *run) {
    struct state *own = state(run);
    int64_t ms = run_param(run, "ms"), period = run_param(run, "period"), spread = run_param(run, "spread");
    own->sleepers = run_param(run, "sleepers");
    if (ms < 1 || ms > 60000 || period < 1 || period > 10000 || spread < 0 || spread > period)
        return REFUSE(run, "ms, period or spread", "1..60000, 1..10000, 0..period");
    if (own->sleepers < 0 || own->sleepers > SLEEPERS)
        return REFUSE(run, "sleepers", "0..64");
    own->ns = (uint64_t)ms * 1000000;
    own->period = (uint64_t)period * 1000000;
    for (int64_t i = 0; i < own->sleepers; i++, own->started++) {
        sleepers[i].run = run;
        sleepers[i].first = (uint64_t)(spread * i) * 1000000 / (uint64_t)own->sleepers;
        TRY(run, os_thread_start(&sleepers[i].thread, doze, &sleepers[i], stacks[i], STACK));
    }
    return 0;
}

static inline void op(struct run *run) {
    EXPECT(run, os_sleep(state(run)->ns) >= 0);
}

static void teardown(struct run *run) {
    state(run)->leave = 1;
    for (int64_t i = 0; i < state(run)->started; i++)
        os_thread_join(&sleepers[i].thread);
}

WORKLOAD{
    .name = "idle",
    .family = "time",
    .what = "sleep, with nothing else to do, or with threads that wake up now and then",
    .per = PER_CALL,
    .ends = 1,
    .hidden = 1,
    .max_batch = 1,
    .waits = 1,
    .params = "ms=1000 sleepers=0 period=100 spread=0",
    .setup = setup,
    .teardown = teardown,
    LOOPS,
};
