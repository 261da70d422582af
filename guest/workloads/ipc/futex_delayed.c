/* futex_pingpong between two threads that have something to do: each, when it has its turn, is busy for `delay`
 * nanoseconds before it hands it back, so that the other one really sleeps (a longer delay allows a deeper sleep) and
 * has to be woken. One operation is the ROUND TRIP; the two delays are no part of the number. Pitfall: a delay ends
 * with a reading of the clock, and on average half of that reading is in the number. */
#include "workloads/handover.h"
#include "workloads/partner.h"

struct state {
    struct partner other;
    volatile uint64_t delay;
    uint64_t shortest; /* round trip that verify saw */
};
STATE(struct state)

static inline void be_busy(const struct state *own) {
    for (uint64_t start = os_clock_ns(); os_clock_ns() - start < own->delay;) {
    }
}

static void answer(void *argument) {
    struct run *run = argument;
    run_pin(run, 1);
    for (; await(run, THERE, 0) == TURN; hand(run, HERE, TURN, 0)) {
        be_busy(state(run));
        state(run)->other.turns++;
    }
}

static long setup(struct run *run) {
    PARAMETER(run, delay, 0, 1000000);
    state(run)->delay = (uint64_t)delay;
    run->asked_ns = 2 * (uint64_t)delay;
    TRY(run, os_wake(&run->shared->futex[HERE].word, 1, 0)); /* before a thread sleeps that cannot be woken */
    return partner_start(run, &state(run)->other, answer);
}

static inline void op(struct run *run) {
    be_busy(state(run));
    long woken = hand(run, THERE, TURN, 0);
    EXPECT(run, (woken >= 0) & (await(run, HERE, 0) == TURN));
}

static void time_op(struct run *run) {
    uint64_t before = os_clock_ns();
    op(run);
    uint64_t took = os_clock_ns() - before;
    if (took < state(run)->shortest)
        state(run)->shortest = took;
}

/* With a delay longer than any round trip without one: even the shortest must contain both delays. */
static long verify(struct run *run) {
    enum { LONG_NS = 100000, SLACK_NS = 1000 }; /* two clocks may be one of their steps apart */
    struct state *own = state(run);
    uint64_t delay = own->delay;
    own->delay = LONG_NS;
    own->shortest = UINT64_MAX;
    long wrong = partner_verify(run, &own->other, time_op);
    own->delay = delay;
    if (wrong)
        return wrong;
    return own->shortest + SLACK_NS >= 2 * LONG_NS ? 0 : WRONG(run, "an answer came before the delay was over");
}

static void teardown(struct run *run) {
    if (state(run)->other.started) {
        hand(run, THERE, LEAVE, 0);
        os_thread_join(&state(run)->other.thread);
    }
}

WORKLOAD{
    .name = "futex_delayed",
    .family = "ipc",
    .what = "round trip of a turn between two threads that are busy before they answer",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "delay=1000",
    STEPS_AND_TEARDOWN,
};
