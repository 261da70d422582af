/* null_call by a thread whose calls pass a filter (seccomp): what a sandbox costs a program that does not break its
 * rules. The filter cannot be removed, so a thread of its own installs it. Each batch is handed to that thread: two
 * switches a batch, and no `each` mode. Pitfall: kernels remember which numbers a filter always lets pass, and do not
 * run it for them. */
#include "workloads/handover.h"
#include "workloads/partner.h"

struct state {
    struct partner other;
    volatile uint64_t calls;
    volatile long entered, invalid, parent; /* results of the thread's calls */
};
STATE(struct state)

static void filtered(void *argument) {
    struct run *run = argument;
    struct state *own = state(run);
    own->entered = os_call_filter();
    own->invalid = os_invalid_call();
    own->parent = os_null_call();
    for (hand(run, HERE, TURN, 0); await(run, THERE, 0) == TURN; hand(run, HERE, TURN, 0))
        for (uint64_t n = own->calls; n; n--)
            os_null_call();
}

static void loop(struct run *run, uint64_t n) {
    state(run)->calls = n;
    hand(run, THERE, TURN, 0);
    EXPECT(run, await(run, HERE, 0) == TURN);
}

static long setup(struct run *run) {
#ifndef OS_HAS_CALL_FILTER /* otherwise the thread has the call's result */
    TRY(run, os_call_filter());
#endif
    TRY(run, os_wake(&run->shared->futex[HERE].word, 1, 0)); /* before a thread sleeps that cannot be woken */
    PASS_ON(partner_start(run, &state(run)->other, filtered));
    await(run, HERE, 0);
    run->operation = "os_call_filter";
    return state(run)->entered;
}

static long verify(struct run *run) {
    const struct state *own = state(run);
    if (own->invalid != -OS_EPERM)
        return WRONG(run, "a call that the filter refuses was executed");
    return own->parent == os_null_call() ? 0 : WRONG(run, "a call that the filter lets pass gave another answer");
}

static void teardown(struct run *run) {
    if (state(run)->other.started) {
        hand(run, THERE, LEAVE, 0);
        os_thread_join(&state(run)->other.thread);
    }
}

WORKLOAD_ROW{
    .name = "filtered_call",
    .family = "syscall",
    .what = "null_call of a thread whose calls pass a filter (seccomp)",
    .per = PER_CALL,
    .ends = 1,
    .alone = 1,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    .loop = loop,
};
