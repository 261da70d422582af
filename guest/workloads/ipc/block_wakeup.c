/* Two threads of one core wake each other by name: each wakes the other, then blocks. One operation is the ROUND TRIP:
 * two wake-ups, two blocks, two context switches. Unlike with a futex, nothing is looked up by address and no word is
 * tested: this is the least that a hand-over can cost. Pitfall: a wake-up of a thread that does not sleep is lost, so
 * this works only on one core, where no other thread runs in between. */
#include "workloads/partner.h"

enum { TURNS, LEAVE }; /* words of the shared page */

struct state {
    struct os_thread first;
    struct partner other;
};
STATE(struct state)

static void answer(void *argument) {
    struct run *run = argument;
    run_pin(run, 1);
    while (!run->shared->word[LEAVE]) {
        run->shared->word[TURNS]++;
        os_unblock(&state(run)->first);
        os_block();
    }
}

/* The other thread has its first turn here; afterwards it sleeps whenever an operation begins. */
static long setup(struct run *run) {
    struct state *own = state(run);
    TRY(run, os_main_thread(&own->first));
    if (run->place == PLACE_CROSS_CORE)
        return REFUSE(run, "place", "same_core: a wake-up that comes before the block is lost");
    long started = partner_start(run, &own->other, answer);
    return started < 0 ? started : os_block();
}

static inline void op(struct run *run) {
    EXPECT(run, os_unblock(&state(run)->other.thread) >= 0);
    EXPECT(run, os_block() >= 0);
}

static long verify(struct run *run) {
    for (uint64_t turn = 1; turn <= 100; turn++) {
        if (run->shared->word[TURNS] != turn)
            return WRONG(run, "the other thread did not have its turn every time");
        op(run);
    }
    return 0;
}

static void teardown(struct run *run) {
    run->shared->word[LEAVE] = 1;
    if (state(run)->other.started) {
        os_unblock(&state(run)->other.thread);
        os_thread_join(&state(run)->other.thread);
    }
}

WORKLOAD{
    .name = "block_wakeup",
    .family = "ipc",
    .what = "round trip of two threads that wake each other by name and block",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    STEPS_AND_TEARDOWN,
};
