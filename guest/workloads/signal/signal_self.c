/* The process sends itself a signal and its handler runs: kill, delivery (a frame is written on the stack), the
 * handler, the return through the kernel. One operation is all of it: two entries into the kernel. */
#include "workloads/library.h"

STATE(long) /* address */
static volatile uint64_t handled;

static void handler(int number) {
    (void)number;
    handled++;
}

static long setup(struct run *run) {
    TRY(run, os_signal_install(handler));
    TRY(run, *state(run) = os_signal_address());
    handled = 0;
    return 0;
}

static inline void op(struct run *run) {
    uint64_t before = handled;
    long sent = CALL(run, signal_send, *state(run));
    EXPECT(run, (sent >= 0) & (handled == before + 1));
}

static long verify(struct run *run) {
    TRY(run, os_signal_send(*state(run)));
    op(run);
    return !run->failed && handled == 2 ? 0 : WRONG(run, "the handler did not run once for each signal");
}

static void teardown(struct run *run) {
    (void)run;
    os_signal_install(NULL);
}

WORKLOAD{
    .name = "signal_self",
    .family = "signal",
    .what = "send a signal to oneself: kill, handler, return",
    .per = PER_CALL,
    .ends = 1,
    .alone = 1,
    .params = "library=0",
    STEPS_AND_TEARDOWN,
};
