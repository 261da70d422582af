/* A handler for a signal is installed, another one than before each time (sigaction): the kernel copies a struct in and
 * stores it. The signal is not sent. */
#include "workloads/library.h"

STATE(int) /* turn */
static volatile int ran;

static void one(int number) {
    (void)number;
    ran = 1;
}

static void other(int number) {
    (void)number;
    ran = 2;
}

static inline void op(struct run *run) {
    int turn = *state(run) ^= 1;
    EXPECT(run, CALL(run, signal_install, turn ? one : other) >= 0);
}

static long verify(struct run *run) {
    TRY(run, os_signal_install(one));
    for (int turn = 1; turn <= 4; turn++) {
        op(run);
        ran = 0;
        TRY(run, os_signal_send(os_signal_address()));
        if (run->failed || ran != (turn % 2 ? 1 : 2))
            return WRONG(run, "the signal did not run the handler that was installed last");
    }
    return 0;
}

static void teardown(struct run *run) {
    (void)run;
    os_signal_install(NULL);
}

WORKLOAD{
    .name = "signal_install",
    .family = "signal",
    .what = "install a handler for a signal (sigaction)",
    .per = PER_CALL,
    .ends = 1,
    .alone = 1,
    .params = "library=0",
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
