/* Two threads of one address space on one core yield to each other and do nothing else. One operation is a yield of the
 * first: the switch to the second, its yield, the switch back. No message, no wake-up, no page table: context_switch
 * without its pipe. Pitfall: where threads do not take strict turns a yield may come straight back, and what is counted
 * is no switch; so the second end counts its turns, and one that is left out makes the run wrong or failed. */
#include "workloads/partner.h"

enum { TURNS, LEAVE }; /* words of the shared page */

struct state {
    struct partner other;
    uint64_t expected; /* turns that the other must have had by now */
};
STATE(struct state)

static void turn(void *argument) {
    struct run *run = argument;
    run_pin(run, 1);
    for (run->shared->word[TURNS]++; !run->shared->word[LEAVE]; run->shared->word[TURNS]++)
        os_yield();
}

static long setup(struct run *run) {
    TRY(run, os_yield());
    if (!OS_STRICT_TURNS) {
        run->operation = "os_yield";
        run->seen = "it may come straight back: threads take no strict turns";
        return -OS_DOES_NOT_EXIST;
    }
    if (run->place == PLACE_CROSS_CORE)
        return REFUSE(run, "place", "same_core: each core takes turns of its own");
    return partner_start(run, &state(run)->other, turn);
}

static inline void op(struct run *run) {
    os_yield();
    EXPECT(run, run->shared->word[TURNS] == ++state(run)->expected);
}

static long verify(struct run *run) {
    for (unsigned i = 0; i < 100; i++)
        op(run);
    return run->failed ? WRONG(run, "the other thread did not have its turn every time") : 0;
}

static void teardown(struct run *run) {
    run->shared->word[LEAVE] = 1;
    if (state(run)->other.started)
        os_thread_join(&state(run)->other.thread);
}

WORKLOAD{
    .name = "thread_switch",
    .family = "sched",
    .what = "yield to another thread of the core and back",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
