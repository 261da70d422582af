/* Signals of Aero. OS_SIGNAL is SIGTERM; a fault is SIGSEGV. The kernel does not align a handler's stack, and a handler
 * returns to the address given to sigaction: handler.c does both. */
#ifndef FERRULE_AERO_SIGNAL_H
#define FERRULE_AERO_SIGNAL_H

extern void (*aero_signal_handler)(int);
extern void (*aero_fault_handler)(void);
extern void *aero_fault_resume;
extern const char aero_signal_begin[], aero_fault_begin[], aero_signal_return[];

/* NULL: the default again. */
static inline long aero_signal_action(int signal, const char *handler) {
    const struct aero_action action = {(uintptr_t)handler, 0, 0, 0};
    return aero_result(call6(CALL_SIGACTION, signal, (long)&action, (long)aero_signal_return, 0, 0, 0));
}

#define OS_HAS_SIGNALS
static inline long os_signal_install(void (*handler)(int)) {
    aero_signal_handler = handler;
    return aero_signal_action(AERO_SIGTERM, handler ? aero_signal_begin : NULL);
}

static inline long os_signal_address(void) {
    return call0(CALL_GETPID);
}

static inline long os_signal_send(long address) {
    return aero_result(call3(CALL_KILL, address, AERO_SIGTERM, 0));
}

#define OS_HAS_FAULT
static inline long os_fault_install(void (*handler)(void)) {
    aero_fault_handler = handler;
    return aero_signal_action(AERO_SIGSEGV, aero_fault_begin);
}

/* The return from the handler is one from a system call: it destroys two registers. */
static inline long os_fault_store(volatile char *at) {
    void *behind;
    __asm__ volatile("lea 1f(%%rip), %0\n\tmov %0, %1\n\tmovb $1, (%2)\n1:"
                     : "=&r"(behind), "=m"(aero_fault_resume)
                     : "r"(at)
                     : "rcx", "r11", "memory");
    return 0;
}

static inline long os_fault_restore(void) {
    return aero_signal_action(AERO_SIGSEGV, NULL);
}

#endif
