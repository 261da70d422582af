/* This thread and `others` arrive at a barrier: early ones sleep, the last one wakes them all. One operation is one
 * passage of all threads. On one core every other thread has to run once for it, so it has as many switches as there
 * are threads. */
#include "workloads/crowd.h"

struct state {
    struct crowd others;
    volatile uint32_t phase; /* passages so far */
    uint32_t arrived, parties;
};
STATE(struct state)

static inline void arrive(struct state *own) {
    uint32_t phase = own->phase;
    if (__atomic_add_fetch(&own->arrived, 1, __ATOMIC_ACQ_REL) < own->parties) {
        while (own->phase == phase && !own->others.leave)
            os_wait(&own->phase, phase, 0, 0);
        return;
    }
    own->arrived = 0;
    __atomic_store_n(&own->phase, phase + 1, __ATOMIC_RELEASE);
    os_wake(&own->phase, CROWD_MOST, 0);
}

static void pass(void *argument) {
    struct crowd_one *one = argument;
    run_pin(one->run, 1);
    for (;; one->turns++) {
        arrive(state(one->run));
        if (one->crowd->leave)
            return;
    }
}

static long setup(struct run *run) {
    int64_t others = run_param(run, "others");
    if (others < 1 || others > CROWD_MOST)
        return REFUSE(run, "others", "1..64");
    run->switches = state(run)->parties = (uint32_t)others + 1;
    TRY(run, os_wake(&state(run)->phase, 1, 0));
    return crowd_start(run, &state(run)->others, (uint32_t)others, pass);
}

static inline void op(struct run *run) {
    arrive(state(run));
}

/* No thread may be a passage ahead of this one, or more than one behind: it may still have to count this passage. */
static long verify(struct run *run) {
    struct crowd *others = &state(run)->others;
    for (uint64_t turn = 1; turn <= 100; turn++) {
        op(run);
        for (uint32_t i = 0; i < others->started; i++)
            if (others->one[i].turns > turn || others->one[i].turns + 1 < turn)
                return WRONG(run, "a thread went on before all had arrived");
    }
    return 0;
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    own->others.leave = 1;
    own->phase++; /* a woken thread sees this; one that is about to sleep sees `leave` */
    os_wake(&own->phase, CROWD_MOST, 0);
    crowd_end(&own->others);
}

WORKLOAD{
    .name = "barrier",
    .family = "lock",
    .what = "all threads arrive at a barrier and go on",
    .per = PER_ITERATION,
    .ends = 2,
    .params = "others=1",
    STEPS_AND_TEARDOWN,
};
