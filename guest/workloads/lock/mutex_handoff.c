/* Two threads and two mutexes, both taken: each unlocks the one that the other sleeps for, and sleeps for its own. One
 * operation is the ROUND TRIP: two unlocks that wake, two locks that sleep; on one core two context switches. What a
 * contended mutex costs when it really changes hands. Pitfall: on two cores a lock may find its mutex free already. */
#include "workloads/mutex.h"
#include "workloads/partner.h"

enum { HERE, THERE };

struct state {
    struct partner other;
    int leave;
};
STATE(struct state)

static inline volatile uint32_t *lock(struct run *run, unsigned whose) {
    return &run->shared->futex[whose].word;
}

static void answer(void *argument) {
    struct run *run = argument;
    run_pin(run, 1);
    for (;;) {
        mutex_lock(lock(run, THERE), 0);
        if (state(run)->leave)
            return;
        state(run)->other.turns++;
        mutex_unlock(lock(run, HERE), 0);
    }
}

static long setup(struct run *run) {
    TRY(run, os_wake(lock(run, HERE), 1, 0));
    mutex_lock(lock(run, HERE), 0);
    mutex_lock(lock(run, THERE), 0);
    return partner_start(run, &state(run)->other, answer);
}

static inline void op(struct run *run) {
    mutex_unlock(lock(run, THERE), 0);
    mutex_lock(lock(run, HERE), 0);
}

static long verify(struct run *run) {
    return partner_verify(run, &state(run)->other, op);
}

static void teardown(struct run *run) {
    state(run)->leave = 1;
    if (!state(run)->other.started)
        return;
    mutex_unlock(lock(run, THERE), 0);
    os_thread_join(&state(run)->other.thread);
}

WORKLOAD{
    .name = "mutex_handoff",
    .family = "lock",
    .what = "two mutexes change hands between two threads and back",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    STEPS_AND_TEARDOWN,
};
