/* Two threads of one address space hand a turn to and fro: store, wake, wait. One operation is the ROUND TRIP: two
 * wakes, two waits; on one core two context switches. Each end waits on a word (and cache line) of its own. Pitfall: on
 * two cores a wait may find its word set already and never sleep, which is part of the operation and no error. */
#include "workloads/handover.h"
#include "workloads/partner.h"

STATE(struct partner)

static void answer(void *argument) {
    struct run *run = argument;
    run_pin(run, 1);
    while (await(run, THERE, 0) == TURN) {
        state(run)->turns++;
        hand(run, HERE, TURN, 0);
    }
}

static long setup(struct run *run) {
    TRY(run, os_wake(&run->shared->futex[HERE].word, 1, 0)); /* before a thread sleeps that cannot be woken */
    return partner_start(run, state(run), answer);
}

static inline void op(struct run *run) {
    long woken = hand(run, THERE, TURN, 0);
    EXPECT(run, (woken >= 0) & (await(run, HERE, 0) == TURN));
}

static long verify(struct run *run) {
    uint32_t word = IDLE;
    if (os_wait(&word, TURN, 0, 0) >= 0)
        return WRONG(run, "a wait for a word that had changed slept");
    return partner_verify(run, state(run), op);
}

static void teardown(struct run *run) {
    if (state(run)->started) {
        hand(run, THERE, LEAVE, 0);
        os_thread_join(&state(run)->thread);
    }
}

WORKLOAD{
    .name = "futex_pingpong",
    .family = "ipc",
    .what = "round trip of a turn between two threads by wait and wake",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    STEPS_AND_TEARDOWN,
};
