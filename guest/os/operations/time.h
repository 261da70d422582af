/* Clock and sleep. */
#ifndef FERRULE_OPERATIONS_TIME_H
#define FERRULE_OPERATIONS_TIME_H

#ifndef OS_HAS_CLOCK /* CLOCK_MONOTONIC or its like by the cheapest true way (vDSO where there is one) */
OS_MISSING(os_clock_read, uint64_t *ns)
#endif
#ifndef OS_HAS_SLEEP
OS_MISSING(os_sleep, uint64_t ns)
#endif
#ifndef OS_HAS_CLOCK_CALL /* the same by a system call, even where there is a cheaper way */
OS_MISSING(os_clock_call, uint64_t *ns)
#endif
#ifndef OS_HAS_SLEEP_UNTIL /* until os_clock_ns() is what is said; at once where it is already */
OS_MISSING(os_sleep_until, uint64_t ns)
#endif
#ifndef OS_HAS_TIMER /* timers behind descriptors */
struct os_timer {
    int fd;
};
OS_MISSING(os_timer_open, struct os_timer *timer)
OS_MISSING(os_timer_arm, const struct os_timer *timer, uint64_t ns) /* to expire once, after that long */
OS_MISSING(os_timer_wait, const struct os_timer *timer)             /* sleeps until it has: how often */
OS_MISSING(os_timer_close, const struct os_timer *timer)
#endif

#endif
