/* A thread that sleeps on one word is moved to another and back, and sleeps on (FUTEX_CMP_REQUEUE): what a condition
 * variable does with the waiters that it does not wake. One operation is two calls, each of which moves one sleeper. */
#include "workloads/crowd.h"

enum { FROM, TO };

struct state {
    struct crowd sleeper;
    volatile uint32_t word[2];
};
STATE(struct state)

static void sleep(void *argument) {
    struct crowd_one *one = argument;
    struct state *own = state(one->run);
    run_pin(one->run, 0);
    while (!one->crowd->leave)
        if (os_wait(&own->word[FROM], 0, 0, 0) >= 0)
            one->turns++;
}

static inline long move(struct state *own, unsigned from) {
    return os_requeue(&own->word[from], own->word[from], 0, &own->word[!from], 1);
}

static inline void op(struct run *run) {
    long there = move(state(run), FROM);
    EXPECT(run, (there == 1) & (move(state(run), TO) == 1));
}

static long setup(struct run *run) {
    struct state *own = state(run);
    TRY(run, os_requeue(&own->word[FROM], 0, 0, &own->word[TO], 1));
    long started = crowd_start(run, &own->sleeper, 1, sleep);
    return started;
}

/* The thread is asleep once it can be moved; then it must be at the other word and not at the first. */
static long verify(struct run *run) {
    struct state *own = state(run);
    for (unsigned turn = 0; move(own, FROM) != 1; turn++)
        if (turn == 10000 || os_sleep(100000) < 0)
            return WRONG(run, "no thread slept on the word");
    if (own->sleeper.one->turns || os_wake(&own->word[FROM], 1, 0) != 0 || os_wake(&own->word[TO], 1, 0) != 1)
        return WRONG(run, "the sleeper was not at the word that it had been moved to");
    while (move(own, FROM) != 1)
        os_sleep(100000);
    return move(own, TO) == 1 ? 0 : WRONG(run, "the sleeper did not come back");
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    own->sleeper.leave = 1;
    own->word[FROM] = 1; /* a wait that begins now returns at once */
    os_wake(&own->word[FROM], 1, 0);
    os_wake(&own->word[TO], 1, 0);
    crowd_end(&own->sleeper);
}

WORKLOAD{
    .name = "futex_requeue",
    .family = "lock",
    .what = "move a sleeping thread to another word and back",
    .per = PER_ITERATION,
    .ends = 1,
    STEPS_AND_TEARDOWN,
};
