/* Signals on Linux. OS_SIGNAL is SIGUSR1; a fault is SIGSEGV, whose handler continues the program behind the store that
 * faulted; os_fault_store() sets that address beforehand. */
#ifndef FERRULE_LINUX_SIGNAL_H
#define FERRULE_LINUX_SIGNAL_H

enum {
    LINUX_SIGUSR1 = 10,
    LINUX_SIGSEGV = 11,
    LINUX_SIGSET_BYTES = 8,
    LINUX_SA_SIGINFO = 4,
    LINUX_SA_RESTART = 1 << 28
};

/* handler.c */
extern void *linux_fault_resume;
extern void (*linux_fault_handler)(void);
extern void linux_fault(int number, void *information, void *context);
extern void linux_signal_return(void); /* x86-64 alone: the other kernels have it in their vDSO */

/* NULL: the default again. */
static inline long linux_signal_action(int number, void (*handler)(void), unsigned long flags) {
    /* Handler, flags, restorer, mask; RISC-V has no restorer, and its mask in that place. */
    uint64_t action[4] = {(uintptr_t)handler, flags, 0, 0};
#if defined(__x86_64__)
    enum { SA_RESTORER = 0x04000000 };
    action[1] |= SA_RESTORER;
    action[2] = (uintptr_t)linux_signal_return;
#endif
    return call4(CALL_SIGACTION, number, (long)action, 0, LINUX_SIGSET_BYTES);
}

#define OS_HAS_SIGNALS
static inline long os_signal_install(void (*handler)(int)) {
    return linux_signal_action(LINUX_SIGUSR1, (void (*)(void))handler, LINUX_SA_RESTART);
}

static inline long os_signal_address(void) {
    if (!linux_start_state.pid)
        linux_start_state.pid = call0(CALL_GETPID);
    return linux_start_state.pid;
}

static inline long os_signal_send(long address) {
    return call2(CALL_KILL, address, LINUX_SIGUSR1);
}

#define OS_HAS_SIGNAL_WAIT
static const uint64_t linux_signal_set = 1u << (LINUX_SIGUSR1 - 1);

static inline long os_signal_hold(int held) {
    enum { SIG_BLOCK = 0, SIG_UNBLOCK = 1 };
    return call4(CALL_RT_SIGPROCMASK, held ? SIG_BLOCK : SIG_UNBLOCK, (long)&linux_signal_set, 0, LINUX_SIGSET_BYTES);
}

static inline long os_signal_wait(uint64_t timeout_ns) {
    const struct linux_time timeout = {(int64_t)(timeout_ns / 1000000000u), (int64_t)(timeout_ns % 1000000000u)};
    return call4(CALL_RT_SIGTIMEDWAIT, (long)&linux_signal_set, 0, (long)&timeout, LINUX_SIGSET_BYTES);
}

#define OS_HAS_FAULT
static inline long os_fault_install(void (*handler)(void)) {
    linux_fault_handler = handler;
    return linux_signal_action(LINUX_SIGSEGV, (void (*)(void))linux_fault, LINUX_SA_SIGINFO);
}

static inline long os_fault_store(volatile char *at) {
    void *behind;
#if defined(__x86_64__)
    __asm__ volatile("lea 1f(%%rip), %0\n\tmov %0, %1\n\tmovb $1, (%2)\n1:"
#elif defined(__aarch64__)
    __asm__ volatile("adr %0, 1f\n\tstr %0, %1\n\tstrb wzr, [%2]\n1:"
#else
    __asm__ volatile("lla %0, 1f\n\tsd %0, %1\n\tsb zero, 0(%2)\n1:"
#endif
                     : "=&r"(behind), "=m"(linux_fault_resume)
                     : "r"(at)
                     : "memory");
    return 0;
}

static inline long os_fault_restore(void) {
    return linux_signal_action(LINUX_SIGSEGV, NULL, 0);
}

#endif
