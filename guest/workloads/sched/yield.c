/* The core is given away while no other thread is ready: the scheduler is entered, finds nobody, and returns. What a
 * polite loop pays for its manners. With a second thread ready it is thread_switch. */
#include "workloads/workload.h"

static long verify(struct run *run) {
    TRY(run, os_yield());
    return 0;
}

static inline void op(struct run *run) {
    EXPECT(run, os_yield() >= 0);
}

WORKLOAD{
    .name = "yield",
    .family = "sched",
    .what = "give the core away with nobody else ready",
    .per = PER_CALL,
    .ends = 1,
    .verify = verify,
    LOOPS,
};
