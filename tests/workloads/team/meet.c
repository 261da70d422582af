/* Two members that do the same run at the same time wait for each other in every operation. The run fails with one
 * member alone, or when one member runs after the other. */
#include "workloads/workload.h"

enum { JOINED, ARRIVED };

struct state {
    uint64_t me, turns;
};
STATE(struct state)

static long setup(struct run *run) {
    state(run)->me = run->common->word[JOINED]++ & 1; /* setups come one after the other */
    return 0;
}

static long verify(struct run *run) {
    return run->common->word[JOINED] ? 0 : WRONG(run, "no member joined");
}

static inline void op(struct run *run) {
    enum { PATIENCE_S = 20 };
    volatile uint64_t *arrived = &run->common->word[ARRIVED];
    uint64_t turn = arrived[state(run)->me] = ++state(run)->turns, start = os_clock_ns();
    while (!run->failed && arrived[!state(run)->me] < turn)
        EXPECT(run, run->common->word[JOINED] > 1 && os_clock_ns() - start < PATIENCE_S * 1000000000ull);
}

WORKLOAD{
    .name = "meet",
    .family = "team",
    .what = "a rendezvous of two",
    .per = PER_ITERATION,
    .ends = 1,
    .setup = setup,
    .verify = verify,
    LOOPS,
};
