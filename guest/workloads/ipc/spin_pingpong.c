/* Two processes hand a turn to and fro through two words of shared memory and poll them until it comes: no kernel takes
 * part, two cache lines move. One operation is the ROUND TRIP. Pitfall: on one core the other end can only have its
 * turn when this one yields the core, so there a yield follows each look that finds nothing, and the number is that of
 * two switches. */
#include "workloads/peer.h"

enum { HERE, THERE, LEAVE = UINT32_MAX }; /* whose word; its value counts the turns */

struct state {
    struct peer peer;
    int yields; /* 1: yields while it waits */
    uint32_t turn;
};
STATE(struct state)

/* Returns 0 when LEAVE came instead of the turn. */
static inline int await(struct run *run, unsigned whose, uint32_t turn) {
    volatile uint32_t *word = &run->shared->futex[whose].word;
    while (*word != turn && *word != LEAVE)
        if (state(run)->yields)
            os_yield();
    return *word == turn;
}

static void answer(void *argument) {
    struct run *run = argument;
    peer_enter(run, &state(run)->peer);
    for (uint32_t turn = 1; await(run, THERE, turn); turn = turn + 1 == LEAVE ? 1 : turn + 1)
        run->shared->futex[HERE].word = turn;
}

static long setup(struct run *run) {
    state(run)->yields = run->place != PLACE_CROSS_CORE;
    if (state(run)->yields)
        TRY(run, os_yield());
    return peer_begin(run, &state(run)->peer, answer);
}

static inline void op(struct run *run) {
    uint32_t turn = state(run)->turn + 1;
    turn = turn == LEAVE ? 1 : turn;
    state(run)->turn = turn;
    run->shared->futex[THERE].word = turn;
    EXPECT(run, await(run, HERE, turn));
}

static long verify(struct run *run) {
    for (unsigned turn = 0; turn < 100; turn++)
        op(run);
    if (run->failed || run->shared->futex[HERE].word != 100)
        return WRONG(run, "the other process did not have its turn every time");
    return 0;
}

static void teardown(struct run *run) {
    run->shared->futex[THERE].word = LEAVE;
    peer_end(&state(run)->peer);
}

WORKLOAD{
    .name = "spin_pingpong",
    .family = "ipc",
    .what = "round trip of a turn between two processes that watch shared memory",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    STEPS_AND_TEARDOWN,
};
