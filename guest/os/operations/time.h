/* Clock and sleep. */
#ifndef FERRULE_OPERATIONS_TIME_H
#define FERRULE_OPERATIONS_TIME_H

#ifndef OS_HAS_CLOCK /* CLOCK_MONOTONIC or its equivalent, in the cheapest way (vDSO where there is one) */
OS_MISSING(os_clock_read, uint64_t *ns)
#endif
#ifndef OS_HAS_SLEEP
OS_MISSING(os_sleep, uint64_t ns)
#endif
#ifndef OS_HAS_CLOCK_CALL /* the same by a system call, even where there is a cheaper way */
OS_MISSING(os_clock_call, uint64_t *ns)
#endif
#ifndef OS_HAS_SLEEP_UNTIL /* until os_clock_ns() reaches `ns`; returns at once when it already has */
OS_MISSING(os_sleep_until, uint64_t ns)
#endif
#ifndef OS_HAS_TIMER /* timers behind descriptors */
struct os_timer {
    int fd;
};
OS_MISSING(os_timer_open, struct os_timer *timer)
OS_MISSING(os_timer_arm, const struct os_timer *timer, uint64_t ns) /* to expire once, after `ns` */
OS_MISSING(os_timer_wait, const struct os_timer *timer) /* sleeps until it expires; returns how often it has */
OS_MISSING(os_timer_close, const struct os_timer *timer)
#endif

#endif
