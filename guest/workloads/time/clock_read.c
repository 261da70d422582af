/* The OS's monotonic clock by the cheapest correct way a program has. The port reports whether that enters the kernel
 * (fact clock_read: vdso or syscall); the two differ tenfold and are not the same measurement. */
#include "workloads/workload.h"

static long verify(struct run *run) {
    uint64_t first = 0, last = 0;
    TRY(run, os_clock_read(&first));
    for (unsigned turn = 0; turn < 100000 && last <= first; turn++) {
        TRY(run, os_clock_read(&last));
        if (last < first)
            return WRONG(run, "the clock ran backwards");
    }
    return last > first ? 0 : WRONG(run, "the clock stood still over 100000 readings");
}

static inline void op(struct run *run) {
    uint64_t ns;
    EXPECT(run, os_clock_read(&ns) >= 0);
}

WORKLOAD{
    .name = "clock_read",
    .family = "time",
    .what = "reading of the monotonic clock",
    .per = PER_CALL,
    .ends = 1,
    .control = 1,
    .verify = verify,
    LOOPS,
};
