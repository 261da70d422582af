/* Two interrupts between CPUs: this one interrupts another that is halted, halts, and is woken by the other's interrupt
 * in return. What a wake-up across cores costs without any scheduler. One operation is the ROUND TRIP. */
#include "workloads/workload.h"

static long verify(struct run *run) {
    long before, answers;
    TRY(run, before = os_ipi());
    for (int turn = 1; turn <= 10; turn++) {
        TRY(run, answers = os_ipi());
        if (answers != before + turn)
            return WRONG(run, "the other CPU did not answer every time");
    }
    return 0;
}

static inline void op(struct run *run) {
    EXPECT(run, os_ipi() >= 0);
}

WORKLOAD{
    .name = "ipi_wakeup",
    .family = "sched",
    .what = "interrupt to a halted CPU and its interrupt back",
    .per = PER_ROUND_TRIP,
    .ends = 1,
    .verify = verify,
    LOOPS,
};
