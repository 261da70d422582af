/* Calls on a futex that find nothing to do: op=0 wakes though no thread waits, op=1 waits with a value that the word
 * does not have. Entry, the look-up of the word, exit: what a lock pays for leaving its fast path in vain. */
#include "workloads/workload.h"

enum { WAKE, WAIT };

struct state {
    volatile uint32_t word;
    int64_t op;
};
STATE(struct state)

static long setup(struct run *run) {
    state(run)->op = run_param(run, "op");
    if (state(run)->op != WAKE && state(run)->op != WAIT)
        return REFUSE(run, "op", "0 (wake) or 1 (wait)");
    TRY(run, os_wake(&state(run)->word, 1, 0));
    return 0;
}

static inline long miss(struct state *own) {
    return own->op == WAKE ? os_wake(&own->word, 1, 0) : os_wait(&own->word, 1, 0, 0);
}

/* A wait with another value must fail at once; a wake that found a waiter would return 1. */
static long verify(struct run *run) {
    long result = miss(state(run));
    if (state(run)->op == WAKE)
        return result == 0 ? 0 : WRONG(run, "a thread was woken though none waits");
    return result < 0 ? 0 : WRONG(run, "the wait slept though the word had another value");
}

static inline void op(struct run *run) {
    EXPECT(run, (miss(state(run)) < 0) == (state(run)->op == WAIT));
}

WORKLOAD{
    .name = "futex_miss",
    .family = "ipc",
    .what = "futex call that finds nothing to do: no thread to wake, or another value",
    .per = PER_CALL,
    .ends = 1,
    .params = "op=0",
    STEPS,
};
