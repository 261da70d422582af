/* The cheapest call that really enters the kernel: getppid where there is one. One raw trap, no wrapper of a C library,
 * no argument looked at. Pitfall: getpid can be answered from a cache in user mode, the parent's id cannot. */
#include "workloads/workload.h"

static long verify(struct run *run) {
    TRY(run, os_null_call());
    return os_null_call() == os_null_call() ? 0 : WRONG(run, "two calls in a row gave different answers");
}

static inline void op(struct run *run) {
    (void)run;
    os_null_call();
}

WORKLOAD{
    .name = "null_call",
    .family = "syscall",
    .what = "cheapest system call (getppid), raw",
    .per = PER_CALL,
    .ends = 1,
    .verify = verify,
    LOOPS,
};
