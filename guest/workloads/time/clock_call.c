/* The monotonic clock read by a system call, even where a program has a cheaper way: against clock_read it shows what
 * that way (a vDSO) saves, and is what a program pays on a machine whose clock cannot be read in user mode. */
#include "workloads/library.h"

/* It must be the same clock: its reading must be between two readings by os_clock_read. */
static long verify(struct run *run) {
    uint64_t before = 0, called = 0, after = 0;
    TRY(run, os_clock_read(&before));
    TRY(run, os_clock_call(&called));
    TRY(run, os_clock_read(&after));
    return before <= called && called <= after ? 0 : WRONG(run, "the call gave the time of another clock");
}

static inline void op(struct run *run) {
    uint64_t ns;
    EXPECT(run, CALL(run, clock_call, &ns) >= 0);
}

WORKLOAD{
    .name = "clock_call",
    .family = "time",
    .what = "reading of the monotonic clock by a system call",
    .per = PER_CALL,
    .ends = 1,
    .params = "library=0",
    .verify = verify,
    LOOPS,
};
