/* A direct call of a function that does nothing, and its return: the cost of a call without a kernel. The callee is
 * kept out of line and unknown to the optimiser. */
#include "workloads/workload.h"

__attribute__((noinline, aligned(64))) static long callee(long value) {
    __asm__ volatile("" : "+r"(value));
    return value;
}

static long verify(struct run *run) {
    return callee(42) == 42 && callee(7) == 7 ? 0 : WRONG(run, "the function did not return its argument");
}

static inline void op(struct run *run) {
    (void)run;
    callee(1);
}

WORKLOAD{
    .name = "function_call",
    .family = "control",
    .what = "call and return of an empty function",
    .per = PER_CALL,
    .ends = 1,
    .control = 1,
    .verify = verify,
    LOOPS,
};
