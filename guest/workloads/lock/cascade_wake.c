/* `waiters` threads sleep on one word and are woken by one call; each counts itself and sleeps again, and the last of
 * them wakes this thread. One operation is all of that: a broadcast, as many switches as there are waiters, and the
 * switch back. Pitfall: a waiter that is not asleep yet when the next broadcast comes finds the word changed and goes
 * on without having been woken. */
#include "workloads/crowd.h"

struct state {
    struct crowd waiters;
    volatile uint32_t round, done; /* broadcasts so far; the last one that all waiters have seen */
    uint32_t arrived;
};
STATE(struct state)

static void await(void *argument) {
    struct crowd_one *one = argument;
    struct state *own = state(one->run);
    run_pin(one->run, 1);
    for (uint32_t seen = 0;; seen++) {
        while (own->round == seen)
            os_wait(&own->round, seen, 0, 0);
        if (one->crowd->leave)
            return;
        one->turns++;
        if (__atomic_add_fetch(&own->arrived, 1, __ATOMIC_ACQ_REL) % one->crowd->started == 0) {
            own->done = seen + 1;
            os_wake(&own->done, 1, 0);
        }
    }
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    uint32_t round = ++own->round;
    EXPECT(run, os_wake(&own->round, own->waiters.started, 0) >= 0);
    while (own->done != round)
        os_wait(&own->done, round - 1, 0, 0);
}

static long setup(struct run *run) {
    int64_t waiters = run_param(run, "waiters");
    if (waiters < 1 || waiters > CROWD_MOST)
        return REFUSE(run, "waiters", "1..64");
    run->switches = (uint64_t)waiters + 1;
    TRY(run, os_wake(&state(run)->done, 1, 0));
    return crowd_start(run, &state(run)->waiters, (uint32_t)waiters, await);
}

static long verify(struct run *run) {
    for (unsigned turn = 0; turn < 100; turn++)
        op(run);
    for (uint32_t i = 0; i < state(run)->waiters.started; i++)
        if (state(run)->waiters.one[i].turns != 100)
            return WRONG(run, "not every waiter ran after every broadcast");
    return 0;
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    own->waiters.leave = 1;
    own->round++;
    os_wake(&own->round, CROWD_MOST, 0);
    crowd_end(&own->waiters);
}

WORKLOAD{
    .name = "cascade_wake",
    .family = "lock",
    .what = "wake all threads that wait on a word, until each has run",
    .per = PER_ITERATION,
    .ends = 2,
    .params = "waiters=4",
    STEPS_AND_TEARDOWN,
};
