/* The realtime clock in microseconds, as the C library's gettimeofday() reads it: the same vDSO code as clock_read,
 * another clock, and a division. */
#include "workloads/workload.h"

enum { CLOCK_REALTIME = 0 };
static volatile int64_t seconds, microseconds;

__attribute__((noinline, aligned(64))) static long library_time_of_day(void) {
    struct linux_time now = {0, 0};
    long result = linux_start_state.vdso_clock(CLOCK_REALTIME, &now);
    seconds = now.seconds;
    microseconds = now.nanoseconds / 1000;
    return result;
}

static inline void op(struct run *run) {
    EXPECT(run, library_time_of_day() == 0);
}

static long verify(struct run *run) {
    if (!linux_start_state.vdso_clock)
        return WRONG(run, "this kernel has no clock in user space");
    op(run);
    return !run->failed && seconds > 0 && microseconds < 1000000 ? 0 : WRONG(run, "it was no time");
}

WORKLOAD{
    .name = "clock_library",
    .family = "beside",
    .what = "the realtime clock in microseconds, through a function",
    .per = PER_CALL,
    .ends = 1,
    .verify = verify,
    LOOPS,
};
