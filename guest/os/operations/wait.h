/* Sleeping until woken: words and semaphores. */
#ifndef FERRULE_OPERATIONS_WAIT_H
#define FERRULE_OPERATIONS_WAIT_H

/* --- wait and wake: sleep while *word == expected (a timeout of 0 is for ever); `shared` across address spaces */
#ifndef OS_HAS_FUTEX
OS_MISSING(os_wait, volatile uint32_t *word, uint32_t expected, uint64_t timeout_ns, int shared)
OS_MISSING(os_wake, volatile uint32_t *word, uint32_t count, int shared)
#endif

/* --- moves sleepers to another word, while *word == expected; returns how many were woken or moved (private words) */
#ifndef OS_HAS_REQUEUE
OS_MISSING(os_requeue, volatile uint32_t *word, uint32_t expected, uint32_t wake, volatile uint32_t *to, uint32_t move)
#endif

/* --- locks of the kernel with priority inheritance; *lock is 0 while the lock is free */
#ifndef OS_HAS_LOCK_PI
OS_MISSING(os_lock_pi, volatile uint32_t *lock, int shared)
OS_MISSING(os_unlock_pi, volatile uint32_t *lock, int shared)
#endif

/* --- semaphores of the kernel, between threads */
#ifndef OS_HAS_SEMAPHORE
struct os_semaphore {
    int unused;
};
OS_MISSING(os_semaphore_make, struct os_semaphore *semaphore, uint32_t count)
OS_MISSING(os_semaphore_wait, struct os_semaphore *semaphore) /* sleeps while the count is 0, then takes one */
OS_MISSING(os_semaphore_post, struct os_semaphore *semaphore)
OS_MISSING(os_semaphore_end, struct os_semaphore *semaphore)
#endif

#endif
