/* Two processes wake each other by signals: send one, wait for the other's (kill, sigtimedwait). The signal is blocked
 * and taken by the process that waits, so no handler runs. One operation is the ROUND TRIP: two signals, two waits, two
 * context switches. A wait gives up after a second: no lost signal stops the run for ever. */
#include "workloads/workload.h"

enum { HERE, THERE, TURNS, LEAVE }; /* words of the shared page: both ends' addresses, the other's turns */
static const uint64_t timeout_ns = 1000000000;

struct state {
    struct os_process other;
    int held, started;
};
STATE(struct state)

static void answer(void *argument) {
    struct run *run = argument;
    volatile uint64_t *word = run->shared->word;
    run_pin(run, 1);
    word[THERE] = (uint64_t)os_signal_address();
    while (os_signal_send((long)word[HERE]) >= 0 && !word[LEAVE]) {
        while (os_signal_wait(timeout_ns) < 0 && !word[LEAVE]) {
        }
        word[TURNS]++;
    }
}

static long setup(struct run *run) {
    long own;
    TRY(run, os_signal_hold(1));
    state(run)->held = 1;
    TRY(run, own = os_signal_address());
    run->shared->word[HERE] = (uint64_t)own;
    TRY(run, os_process_start(&state(run)->other, answer, run));
    state(run)->started = 1;
    TRY(run, os_signal_wait(timeout_ns)); /* the other process runs */
    return 0;
}

static inline void op(struct run *run) {
    long sent = os_signal_send((long)run->shared->word[THERE]);
    EXPECT(run, (sent >= 0) & (os_signal_wait(timeout_ns) >= 0));
}

static long verify(struct run *run) {
    for (unsigned turn = 0; turn < 100 && !run->failed; turn++)
        op(run);
    if (run->failed || run->shared->word[TURNS] != 100)
        return WRONG(run, "the other process did not have its turn every time");
    return os_signal_wait(1) < 0 ? 0 : WRONG(run, "there was a signal that had not been sent");
}

static void teardown(struct run *run) {
    run->shared->word[LEAVE] = 1;
    if (state(run)->started) {
        os_signal_send((long)run->shared->word[THERE]);
        os_process_join(&state(run)->other);
    }
    while (state(run)->started && os_signal_wait(1) >= 0) { /* a pending signal would end this process */
    }
    if (state(run)->held)
        os_signal_hold(0);
}

WORKLOAD{
    .name = "signal_pingpong",
    .family = "signal",
    .what = "round trip of a signal between two processes (kill, sigwait)",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .switches = 2,
    STEPS_AND_TEARDOWN,
};
