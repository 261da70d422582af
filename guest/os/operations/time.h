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

#endif
