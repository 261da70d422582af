/* A call number that no kernel knows: entry, a look into the table, an error, exit. What is left of a system call when
 * there is nothing to do, and the price of probing for a feature. */
#include "workloads/workload.h"

/* A port without such a number returns an error itself, which would pass for the kernel's own. */
static long setup(struct run *run) {
#ifndef OS_HAS_INVALID_CALL
    TRY(run, os_invalid_call());
#endif
    (void)run;
    return 0;
}

static long verify(struct run *run) {
    long result = os_invalid_call();
    if (result >= 0)
        return WRONG(run, "the call did not fail");
    return result == -OS_ENOSYS
               ? 0
               : WRONG(run, "the error was not ENOSYS: something stands in front of the kernel's table");
}

static inline void op(struct run *run) {
    (void)run;
    os_invalid_call();
}

WORKLOAD{
    .name = "invalid_call",
    .family = "syscall",
    .what = "system call with an unknown number, refused",
    .per = PER_CALL,
    .ends = 1,
    STEPS,
};
