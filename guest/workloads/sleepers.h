/* Threads that sleep again and again beside the thread that measures. */
#ifndef FERRULE_SLEEPERS_H
#define FERRULE_SLEEPERS_H

#include "workloads/buffer.h"

enum { SLEEPERS = 64, SLEEPER_STACK = 4096 };

struct sleepers {
    uint64_t period, spread; /* ns: of each sleep; over which the first deadlines are spread evenly */
    int64_t count, started;
    struct buffer stacks;
    volatile int64_t leave;
};

static struct sleeper {
    struct sleepers *all;
    struct os_thread thread;
    int64_t number;
} sleeper[SLEEPERS];

static inline void sleeper_run(void *argument) {
    struct sleeper *own = argument;
    if (own->number)
        os_sleep(own->all->spread * (uint64_t)own->number / (uint64_t)own->all->count);
    while (!own->all->leave)
        os_sleep(own->all->period);
}

static inline long sleepers_start(struct run *run, struct sleepers *all) {
    all->stacks.size = (size_t)all->count * SLEEPER_STACK;
    TRY(run, buffer_map(run, &all->stacks));
    for (int64_t i = 0; i < all->count; i++, all->started++) {
        sleeper[i].all = all;
        sleeper[i].number = i;
        char *stack = (char *)all->stacks.at + i * SLEEPER_STACK;
        TRY(run, os_thread_start(&sleeper[i].thread, sleeper_run, &sleeper[i], stack, SLEEPER_STACK));
    }
    return 0;
}

/* Safe also after a setup that stopped half-way. */
static inline void sleepers_end(struct sleepers *all) {
    all->leave = 1;
    for (int64_t i = 0; i < all->started; i++)
        os_thread_join(&sleeper[i].thread);
    buffer_unmap(&all->stacks);
}

#endif
