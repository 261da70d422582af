/* The core is given away while no other thread is ready: the scheduler is entered, finds no thread, and returns. What a
 * waiting loop pays for yielding. With a second thread ready it is thread_switch. */
#include "workloads/crowd.h"

STATE(struct crowd)

static void count_turns(void *argument) {
    struct crowd_one *one = argument;
    run_pin(one->run, 0);
    for (; !one->crowd->leave; os_yield())
        one->turns++;
}

static inline void op(struct run *run) {
    EXPECT(run, os_yield() >= 0);
}

/* Another thread of the core, where there are threads, must have its turn before MOST_YIELDS yields are over. */
static long verify(struct run *run) {
    enum { TURNS = 20, MOST_YIELDS = 1 << 20 };
    struct crowd *other = state(run);
    TRY(run, os_yield());
    int stays = 0;
    if (crowd_start(run, other, 1, count_turns) >= 0)
        for (unsigned turn = 0; turn < TURNS && !stays; turn++) {
            uint64_t before = other->one->turns;
            for (uint32_t yields = 0; other->one->turns == before && yields < MOST_YIELDS; yields++)
                op(run);
            stays = other->one->turns == before;
        }
    crowd_end(other);
    return stays ? WRONG(run, "another thread of the core had no turn") : 0;
}

WORKLOAD{
    .name = "yield",
    .family = "sched",
    .what = "yield the core with no other thread ready",
    .per = PER_CALL,
    .ends = 1,
    .verify = verify,
    LOOPS,
};
