/* Calls on a futex that find nothing to do: op=0 wakes though nobody waits, op=1 waits for a value that is not there.
 * Entry, the look-up of the word, exit: what a lock pays that leaves its fast path for nothing. */
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

/* A wait that missed says so at once; a wake that found somebody would say 1. */
static long verify(struct run *run) {
    long result = miss(state(run));
    if (state(run)->op == WAKE)
        return result == 0 ? 0 : WRONG(run, "somebody was woken though nobody waits");
    return result < 0 ? 0 : WRONG(run, "it slept though the value was another");
}

static inline void op(struct run *run) {
    EXPECT(run, (miss(state(run)) < 0) == (state(run)->op == WAIT));
}

WORKLOAD{
    .name = "futex_miss",
    .family = "ipc",
    .what = "futex call that finds nothing to do: wake nobody, or another value",
    .per = PER_CALL,
    .ends = 1,
    .params = "op=0",
    STEPS,
};
