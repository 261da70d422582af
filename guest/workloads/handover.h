/* A turn that is handed over by a word of the shared page: store, wake; wait, take. Each end waits on a word (and cache
 * line) of its own. `shared`: the ends are in address spaces of their own. */
#ifndef FERRULE_HANDOVER_H
#define FERRULE_HANDOVER_H

#include "workloads/workload.h"

enum { HERE, THERE };       /* whose word of shared->futex */
enum { IDLE, TURN, LEAVE }; /* its values */

static inline uint32_t await(struct run *run, unsigned whose, int shared) {
    volatile uint32_t *word = &run->shared->futex[whose].word;
    while (*word == IDLE)
        os_wait(word, IDLE, 0, shared);
    uint32_t value = *word;
    *word = IDLE;
    return value;
}

static inline long hand(struct run *run, unsigned whose, uint32_t what, int shared) {
    run->shared->futex[whose].word = what;
    return os_wake(&run->shared->futex[whose].word, 1, shared);
}

#endif
