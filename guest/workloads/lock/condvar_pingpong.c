/* Two threads take turns under one mutex, each waiting for its turn at a condition variable of its own: lock, set whose
 * turn it is, wake, wait for its own turn. One operation is the ROUND TRIP: two wakes, two waits, and the mutex given
 * back and taken again around each wait. */
#include "workloads/mutex.h"
#include "workloads/partner.h"

enum { HERE, THERE, LEAVE };

struct state {
    struct partner other;
    volatile uint32_t mutex, condvar[2], turn;
};
STATE(struct state)

static inline void give(struct state *own, uint32_t whose) {
    own->turn = whose;
    condvar_wake(&own->condvar[whose == LEAVE ? THERE : whose], 1);
}

static inline void await(struct state *own, uint32_t whose) {
    while (own->turn == !whose)
        condvar_wait(&own->condvar[whose], &own->mutex);
}

static void answer(void *argument) {
    struct state *own = state(argument);
    run_pin(argument, 1);
    mutex_lock(&own->mutex, 0);
    for (;; give(own, HERE)) {
        await(own, THERE);
        if (own->turn == LEAVE)
            break;
        own->other.turns++;
    }
    mutex_unlock(&own->mutex, 0);
}

static long setup(struct run *run) {
    TRY(run, os_wake(&state(run)->condvar[HERE], 1, 0));
    return partner_start(run, &state(run)->other, answer);
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    mutex_lock(&own->mutex, 0);
    give(own, THERE);
    await(own, HERE);
    mutex_unlock(&own->mutex, 0);
}

static long verify(struct run *run) {
    return partner_verify(run, &state(run)->other, op);
}

static void teardown(struct run *run) {
    if (!state(run)->other.started)
        return;
    mutex_lock(&state(run)->mutex, 0);
    give(state(run), LEAVE);
    mutex_unlock(&state(run)->mutex, 0);
    os_thread_join(&state(run)->other.thread);
}

WORKLOAD{
    .name = "condvar_pingpong",
    .family = "lock",
    .what = "two threads take turns by condition variables",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    STEPS_AND_TEARDOWN,
};
