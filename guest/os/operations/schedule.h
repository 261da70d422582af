/* Which CPU a thread runs on, and how often it was switched out. */
#ifndef FERRULE_OPERATIONS_SCHEDULE_H
#define FERRULE_OPERATIONS_SCHEDULE_H

#ifndef OS_HAS_PIN
OS_MISSING(os_pin, unsigned cpu) /* the calling thread */
OS_MISSING(os_unpin, void)       /* back to the CPUs it had at the start */
#endif
#ifndef OS_HAS_CPU
OS_MISSING(os_cpu, void) /* where the caller runs now */
#endif
#ifndef OS_HAS_CPUS
OS_MISSING(os_cpus, void) /* how many it may run on */
#endif
#ifndef OS_PREEMPTS /* 0: a thread keeps its core until it yields or waits, for ever if it does neither */
#define OS_PREEMPTS 1
#endif
#ifndef OS_HAS_POLICY /* of the calling thread and those it starts: enum os_policy; real-time ones run first */
OS_MISSING(os_policy, unsigned policy)
#endif
#ifndef OS_HAS_SWITCHES /* of the calling thread so far */
OS_MISSING(os_switches, uint64_t *voluntary, uint64_t *involuntary)
#endif
#ifndef OS_HAS_IPI /* wakes another CPU from its halt by an interrupt and halts until that CPU answers by one; returns \
                      the number of answers so far */
OS_MISSING(os_ipi, void)
#endif

#endif
