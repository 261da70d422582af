/* The same trap as null_call, inside a function that is called for it, as a C library's wrapper is: the number that
 * tools on top of a library call their null system call. It is not null_call plus a function call: on kernels that
 * guard the return predictor (retbleed, speculative return stack overflow) the wrapper's return is mispredicted after
 * every trap, which on some machines costs 40 % of the trap itself. */
#include "workloads/workload.h"

__attribute__((noinline, aligned(64))) static long wrapper(void) {
    return os_null_call();
}

static long verify(struct run *run) {
    TRY(run, wrapper());
    return wrapper() == os_null_call() ? 0 : WRONG(run, "the wrapped call gave another answer");
}

static inline void op(struct run *run) {
    (void)run;
    wrapper();
}

WORKLOAD{
    .name = "null_call_wrapped",
    .family = "syscall",
    .what = "null_call behind a function, as in a C library",
    .per = PER_CALL,
    .ends = 1,
    .verify = verify,
    LOOPS,
};
