/* A mutex and a condition variable over wait and wake, as C libraries make them. The mutex has three states (Drepper,
 * "Futexes Are Tricky", 2011, the second one): while no thread waits, lock and unlock are an atomic instruction each
 * and no kernel is entered. `across`: its users are in address spaces of their own. */
#ifndef FERRULE_MUTEX_H
#define FERRULE_MUTEX_H

#include "workloads/workload.h"

enum { MUTEX_FREE, MUTEX_TAKEN, MUTEX_AWAITED };

static inline void mutex_lock(volatile uint32_t *mutex, int across) {
    uint32_t seen = MUTEX_FREE;
    if (__atomic_compare_exchange_n(mutex, &seen, MUTEX_TAKEN, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
        return;
    if (seen != MUTEX_AWAITED)
        seen = __atomic_exchange_n(mutex, MUTEX_AWAITED, __ATOMIC_ACQUIRE);
    while (seen != MUTEX_FREE) {
        os_wait(mutex, MUTEX_AWAITED, 0, across);
        seen = __atomic_exchange_n(mutex, MUTEX_AWAITED, __ATOMIC_ACQUIRE);
    }
}

static inline void mutex_unlock(volatile uint32_t *mutex, int across) {
    if (__atomic_exchange_n(mutex, MUTEX_FREE, __ATOMIC_RELEASE) == MUTEX_AWAITED)
        os_wake(mutex, 1, across);
}

/* Called with the mutex held, which is released during the wait. May wake spuriously: the caller checks its condition
 * again. */
static inline void condvar_wait(volatile uint32_t *condvar, volatile uint32_t *mutex) {
    uint32_t seen = *condvar;
    mutex_unlock(mutex, 0);
    os_wait(condvar, seen, 0, 0);
    mutex_lock(mutex, 0);
}

static inline void condvar_wake(volatile uint32_t *condvar, uint32_t count) {
    __atomic_add_fetch(condvar, 1, __ATOMIC_RELEASE);
    os_wake(condvar, count, 0);
}

#endif
