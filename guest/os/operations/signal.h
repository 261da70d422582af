/* Signals: a function of the program's own that the kernel runs when somebody sends one, or for a fault. They are the
 * whole process's: every thread has the same handlers. */
#ifndef FERRULE_OPERATIONS_SIGNAL_H
#define FERRULE_OPERATIONS_SIGNAL_H

#ifndef OS_HAS_SIGNALS
OS_MISSING(os_signal_install, void (*handler)(int)) /* of OS_SIGNAL; NULL: the process ends by it again */
OS_MISSING(os_signal_address, void)                 /* of the calling process, for others to send to */
OS_MISSING(os_signal_send, long address)            /* OS_SIGNAL; sent to oneself it has been handled on return */
#endif
#ifndef OS_HAS_SIGNAL_WAIT /* OS_SIGNAL is held back and taken by who waits for it, with no handler run */
OS_MISSING(os_signal_hold, int held)
OS_MISSING(os_signal_wait, uint64_t timeout_ns) /* sleeps until one is there; -EAGAIN when none came in time */
#endif
#ifndef OS_HAS_FAULT /* a fault of the program's own, told to the program */
OS_MISSING(os_fault_install, void (*handler)(void))
OS_MISSING(os_fault_store, volatile char *at) /* stores a byte; after a fault, when the handler returns: goes on */
OS_MISSING(os_fault_restore, void)            /* the process ends by a fault again */
#endif

#endif
