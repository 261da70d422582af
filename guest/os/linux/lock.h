/* Linux: futex(2) beyond wait and wake. */
#ifndef FERRULE_LINUX_LOCK_H
#define FERRULE_LINUX_LOCK_H

#define OS_HAS_REQUEUE
static inline long os_requeue(volatile uint32_t *word, uint32_t expected, uint32_t wake, volatile uint32_t *to,
                              uint32_t move) {
    enum { FUTEX_CMP_REQUEUE = 4 };
    return call6(CALL_FUTEX, (long)word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE, wake, move, (long)to, expected);
}

#define OS_HAS_LOCK_PI
static inline long os_lock_pi(volatile uint32_t *lock, int shared) {
    enum { FUTEX_LOCK_PI = 6 };
    return call4(CALL_FUTEX, (long)lock, shared ? FUTEX_LOCK_PI : FUTEX_LOCK_PI | FUTEX_PRIVATE, 0, 0);
}

static inline long os_unlock_pi(volatile uint32_t *lock, int shared) {
    enum { FUTEX_UNLOCK_PI = 7 };
    return call3(CALL_FUTEX, (long)lock, shared ? FUTEX_UNLOCK_PI : FUTEX_UNLOCK_PI | FUTEX_PRIVATE, 0);
}

#endif
