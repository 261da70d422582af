/* futex_pingpong between two processes, over a page that both have mapped: store, wake, wait. One operation is the
 * ROUND TRIP: two wakes, two waits; on one core two context switches, each to another address space. Against
 * futex_pingpong it shows what the other address space costs, and a word that the kernel identifies by its page and not
 * by its address. */
#include "workloads/handover.h"
#include "workloads/peer.h"

enum { TURNS }; /* word of the shared page: turns of the other process */
STATE(struct peer)

static void answer(void *argument) {
    struct run *run = argument;
    peer_enter(run, state(run));
    while (await(run, THERE, 1) == TURN) {
        run->shared->word[TURNS]++;
        hand(run, HERE, TURN, 1);
    }
}

static long setup(struct run *run) {
    TRY(run, os_wake(&run->shared->futex[HERE].word, 1, 1)); /* before a process sleeps that cannot be woken */
    return peer_begin(run, state(run), answer);
}

static inline void op(struct run *run) {
    long woken = hand(run, THERE, TURN, 1);
    EXPECT(run, (woken >= 0) & (await(run, HERE, 1) == TURN));
}

static long verify(struct run *run) {
    for (unsigned turn = 0; turn < 100; turn++)
        op(run);
    if (run->failed || run->shared->word[TURNS] != 100)
        return WRONG(run, "the other process did not have its turn every time");
    return 0;
}

static void teardown(struct run *run) {
    hand(run, THERE, LEAVE, 1);
    peer_end(state(run));
}

WORKLOAD{
    .name = "shared_futex_pingpong",
    .family = "ipc",
    .what = "round trip of a turn between two processes by wait and wake on shared memory",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .switches = 2,
    STEPS_AND_TEARDOWN,
};
