/* Two threads of one address space on one core yield to each other and do nothing else. One operation is one turn of
 * the other thread: the first asks it to count and yields until it has; the other then yields back. No message, no
 * wake-up, no page table: context_switch without its pipe. Pitfall: where threads take strict turns that is one yield
 * each; where the scheduler chooses, a yield may come straight back, and the operation takes as many yields as are
 * needed. */
#include "workloads/partner.h"

enum { ASKED, TURNS, LEAVE };   /* words of the shared page */
enum { MOST_YIELDS = 1 << 16 }; /* without a turn of the other: it will never come */

STATE(struct partner)

static void turn(void *argument) {
    struct run *run = argument;
    volatile uint64_t *word = run->shared->word;
    run_pin(run, 1);
    for (; !word[LEAVE]; os_yield())
        if (word[TURNS] != word[ASKED])
            word[TURNS]++;
}

static long setup(struct run *run) {
    TRY(run, os_yield());
    if (run->place == PLACE_CROSS_CORE)
        return REFUSE(run, "place", "same_core: each core takes turns of its own");
    return partner_start(run, state(run), turn);
}

static inline void op(struct run *run) {
    volatile uint64_t *word = run->shared->word;
    uint32_t yields = 0;
    word[ASKED]++;
    do
        os_yield();
    while (word[TURNS] != word[ASKED] && ++yields < MOST_YIELDS);
    EXPECT(run, word[TURNS] == word[ASKED]);
}

/* Where other programs want the core, too, each yield lets all of them run first: the check then ends early, with fewer
 * turns. */
static long verify(struct run *run) {
    enum { MOST_TURNS = 100, LONG_NS = 1000000000 };
    uint64_t start = os_clock_ns(), turns = 0;
    for (; turns < MOST_TURNS && !run->failed && os_clock_ns() - start < LONG_NS; turns++)
        op(run);
    if (run->failed)
        return WRONG(run, "the other thread had no turn");
    return run->shared->word[TURNS] == turns ? 0 : WRONG(run, "the other thread did not have a turn every time");
}

static void teardown(struct run *run) {
    run->shared->word[LEAVE] = 1;
    if (state(run)->started)
        os_thread_join(&state(run)->thread);
}

WORKLOAD{
    .name = "thread_switch",
    .family = "sched",
    .what = "yield to another thread of the core and back",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    STEPS_AND_TEARDOWN,
};
