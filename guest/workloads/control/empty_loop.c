/* The loop around every operation with nothing in it: what is subtracted from all others, so it must measure 0 itself.
 * One turn is a decrement and a jump (two instructions on x86-64; a test disassembles it). */
#include "workloads/workload.h"

static inline void op(struct run *run) {
    (void)run;
}

static long verify(struct run *run) {
    struct run before = *run;
    op(run);
    return memcmp(&before, run, sizeof before) == 0 ? 0 : WRONG(run, "the empty operation changed its run");
}

WORKLOAD{
    .name = "empty_loop",
    .family = "control",
    .what = "the loop itself, nothing in it",
    .per = PER_ITERATION,
    .ends = 1,
    .control = 1,
    .verify = verify,
    LOOPS,
};
