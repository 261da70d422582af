/* Threads of this address space beside the one that measures, each on a stack of its own, mapped for this run only:
 * background load, targets of a TLB shoot-down, waiters. The entry function gets its struct crowd_one and runs until
 * crowd->leave is set; a sleeping thread has to be woken to see it. */
#ifndef FERRULE_CROWD_H
#define FERRULE_CROWD_H

#include "workloads/workload.h"

enum { CROWD_MOST = 64 };

struct crowd {
    volatile uint32_t leave;
    volatile uint32_t no_cpu; /* set by a thread that found no CPU of its own */
    uint32_t started;
    size_t bytes;
    struct crowd_one {
        struct run *run;
        struct crowd *crowd;
        uint32_t index;
        volatile uint64_t turns; /* iterations done; a verify checks them */
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
        one->turns = 0; /* not every kernel maps zeroed memory */
        TRY(run, os_thread_start(&one->thread, entry, one, one->stack, sizeof one->stack));
    }
    return 0;
}

/* Pins the calling thread to a CPU of its own that is not this run's first; negative: there are not enough CPUs. Does
 * nothing where place is free. */
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

/* For a verify: calls meanwhile(run) until each thread has made ten more turns. */
static inline long crowd_wait_turns(struct run *run, const struct crowd *crowd, void (*meanwhile)(struct run *)) {
    enum { TURNS = 10 };
    const uint64_t long_ns = 10000000000u;
    uint64_t start = os_clock_ns();
    for (uint32_t i = 0; i < crowd->started; i++)
        for (uint64_t before = crowd->one[i].turns; crowd->one[i].turns < before + TURNS; meanwhile(run)) {
            if (crowd->no_cpu)
                return NEEDS_CPUS(run);
            if (os_clock_ns() - start > long_ns)
                return WRONG(run, "a thread on another CPU did not run");
        }
    return 0;
}

/* Safe also after a start that stopped half-way. Where threads sleep, the caller has set `leave` and woken them before.
 */
static inline void crowd_end(struct crowd *crowd) {
    crowd->leave = 1;
    while (crowd->started)
        os_thread_join(&crowd->one[--crowd->started].thread);
    if (crowd->bytes)
        os_unmap(crowd->one, crowd->bytes);
    crowd->bytes = 0;
}

#endif
