/* Sleeping until somebody wakes: words and semaphores. */
#ifndef FERRULE_OPERATIONS_WAIT_H
#define FERRULE_OPERATIONS_WAIT_H

/* --- wait and wake: sleep while *word == expected (a timeout of 0 is for ever); `shared` across address spaces */
#ifndef OS_HAS_FUTEX
OS_MISSING(os_wait, volatile uint32_t *word, uint32_t expected, uint64_t timeout_ns, int shared)
OS_MISSING(os_wake, volatile uint32_t *word, uint32_t count, int shared)
#endif

/* --- semaphores of the kernel's own, between threads */
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
