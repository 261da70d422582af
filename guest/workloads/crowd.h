/* Threads of this address space beside the one that measures, each on a stack of its own, mapped for this run alone:
 * background load, threads that a translation has to be taken from, waiters. An entry gets its struct crowd_one; it
 * goes on until crowd->leave, which whoever sleeps has to be woken to see. */
#ifndef FERRULE_CROWD_H
#define FERRULE_CROWD_H

#include "workloads/workload.h"

enum { CROWD_MOST = 64 };

struct crowd {
    volatile uint32_t leave;
    volatile uint32_t astray; /* one of them found no CPU of its own, and says so here */
    uint32_t started;
    size_t bytes;
    struct crowd_one {
        struct run *run;
        struct crowd *crowd;
        uint32_t index;
        volatile uint64_t turns; /* what it has done, for a verify to see */
        struct os_thread thread;
        char stack[16384] __attribute__((aligned(64)));
    } *one;
};

static inline long crowd_start(struct run *run, struct crowd *crowd, uint32_t size, os_entry entry) {
    void *at = NULL;
    if (!size)
        return 0;
    TRY(run, os_map(size * sizeof *crowd->one, &at));
    crowd->one = at;
    crowd->bytes = size * sizeof *crowd->one;
    for (; crowd->started < size; crowd->started++) {
        struct crowd_one *one = &crowd->one[crowd->started];
        one->run = run;
        one->crowd = crowd;
        one->index = crowd->started;
        one->turns = 0; /* not every kernel gives memory that is clear */
        TRY(run, os_thread_start(&one->thread, entry, one, one->stack, sizeof one->stack));
    }
    return 0;
}

/* Pins the calling thread to a CPU that is not this run's first, each of the crowd to another; negative: there are not
 * so many. Where nothing is pinned they go where they are put. */
static inline long crowd_spread(const struct crowd_one *one) {
    enum { CPUS_MOST = 1024 };
    uint32_t left = one->index;
    if (one->run->place == PLACE_FREE)
        return 0;
    for (uint32_t cpu = 0; cpu < CPUS_MOST; cpu++)
        if (cpu != one->run->cpu[0] && os_pin(cpu) >= 0 && !left--)
            return 0;
    return -OS_EINVAL;
}

/* In a verify, until each of them has had ten turns more, with meanwhile(run) all the time. */
static inline long crowd_go_round(struct run *run, const struct crowd *crowd, void (*meanwhile)(struct run *)) {
    enum { TURNS = 10 };
    const uint64_t long_ns = 10000000000u;
    uint64_t start = os_clock_ns();
    for (uint32_t i = 0; i < crowd->started; i++)
        for (uint64_t before = crowd->one[i].turns; crowd->one[i].turns < before + TURNS; meanwhile(run)) {
            if (crowd->astray)
                return NEEDS_CPUS(run);
            if (os_clock_ns() - start > long_ns)
                return WRONG(run, "a thread on another CPU did not run");
        }
    return 0;
}

/* Also after a start that stopped half-way; whoever sleeps must have been woken by leave. */
static inline void crowd_end(struct crowd *crowd) {
    crowd->leave = 1;
    while (crowd->started)
        os_thread_join(&crowd->one[--crowd->started].thread);
    if (crowd->bytes)
        os_unmap(crowd->one, crowd->bytes);
    crowd->bytes = 0;
}

#endif
