/* For tests: an operation that restarts the guest at once. */
#include "guard.h"

static inline void op(struct run *run) {
    enum { MAGIC2 = 672274793, RESTART = 0x1234567 };
    EXPECT(run, call4(CALL_REBOOT, 0xfee1dead, MAGIC2, RESTART, 0) >= 0);
}

WORKLOAD{
    .name = "reboot",
    .family = "faults",
    .what = "restarts the machine (test guests only)",
    .per = PER_CALL,
    .ends = 1,
    .hidden = 1,
    .setup = guard,
    LOOPS,
};
