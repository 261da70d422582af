/* Signals: a function of the program that the kernel runs when a signal is sent, or for a fault. Handlers belong to the
 * process: all threads share them. */
#ifndef FERRULE_OPERATIONS_SIGNAL_H
#define FERRULE_OPERATIONS_SIGNAL_H

#ifndef OS_HAS_SIGNALS
OS_MISSING(os_signal_install, void (*handler)(int)) /* of OS_SIGNAL; NULL: the default, which ends the process */
OS_MISSING(os_signal_address, void)                 /* of the calling process, for others to send to */
OS_MISSING(os_signal_send, long address)            /* OS_SIGNAL; one sent to oneself has been handled on return */
#endif
#ifndef OS_HAS_SIGNAL_WAIT /* OS_SIGNAL is blocked, and taken by a thread that waits for it; no handler runs */
OS_MISSING(os_signal_hold, int held)
OS_MISSING(os_signal_wait, uint64_t timeout_ns) /* sleeps until one is there; -EAGAIN when none came in time */
#endif
#ifndef OS_HAS_FAULT /* a fault of the program, delivered to a handler */
OS_MISSING(os_fault_install, void (*handler)(void))
OS_MISSING(os_fault_store, volatile char *at) /* stores a byte; after a fault it returns when the handler does */
OS_MISSING(os_fault_restore, void)            /* the default again: a fault ends the process */
#endif

#endif
