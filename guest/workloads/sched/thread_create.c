/* A thread is started in this address space, runs, ends, and is joined. Its stack is static and used again each time:
 * the kernel's part is measured, not an allocator. The join sleeps until the kernel says that the thread is gone. */
#include "workloads/workload.h"

struct state {
    volatile uint64_t ran;
};
STATE(struct state)

static char stack[16384] __attribute__((aligned(64)));

static void body(void *argument) {
    struct run *run = argument;
    state(run)->ran++;
}

static inline void op(struct run *run) {
    struct os_thread thread;
    long started = os_thread_start(&thread, body, run, stack, sizeof stack);
    EXPECT(run, (started >= 0) && (os_thread_join(&thread) >= 0));
}

static long verify(struct run *run) {
    struct os_thread thread;
    for (uint64_t turn = 1; turn <= 10; turn++) {
        TRY(run, os_thread_start(&thread, body, run, stack, sizeof stack));
        TRY(run, os_thread_join(&thread));
        if (state(run)->ran != turn)
            return WRONG(run, "the thread had not run when it was joined, or ran on a copy of our memory");
    }
    return 0;
}

WORKLOAD{
    .name = "thread_create",
    .family = "sched",
    .what = "start, run, end and join of a thread",
    .per = PER_CALL,
    .ends = 1,
    .alone = 1,
    .switches = 2,
    .verify = verify,
    LOOPS,
};
