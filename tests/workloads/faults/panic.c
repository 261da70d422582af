/* For tests: an operation that makes the guest's kernel panic. */
#include "guard.h"

static inline void op(struct run *run) {
    long fd = os_open("/proc/sysrq-trigger", OS_WRITE);
    EXPECT(run, os_write((int)fd, "c", 1) == 1);
}

WORKLOAD{
    .name = "panic",
    .family = "faults",
    .what = "makes the kernel panic (test guests only)",
    .per = PER_CALL,
    .ends = 1,
    .hidden = 1,
    .setup = guard,
    LOOPS,
};
