/* How handlers of signals end, and the one for faults. */
#include "os/os.h"

void *linux_fault_resume;
void (*linux_fault_handler)(void);

#if defined(__x86_64__) /* the other architectures' kernels have the return in their vDSO */
__asm__(".text\n"
        ".globl linux_signal_return\n"
        ".type linux_signal_return, @function\n"
        "linux_signal_return:\n\t"
        "mov $15, %eax\n\t" /* CALL_RT_SIGRETURN */
        "syscall\n\t"
        "hlt\n"
        ".size linux_signal_return, . - linux_signal_return\n");
_Static_assert(CALL_RT_SIGRETURN == 15, "as above");
#endif

/* Where the interrupted program counter stands in the ucontext that a handler is given: behind flags, link and stack
 * (40 bytes) the registers on x86-64, RIP the seventeenth; elsewhere a mask of 128 bytes first, aligned to 16: then on
 * AArch64 the fault's address, 31 registers, SP, PC; on RISC-V the PC. */
#if defined(__x86_64__)
enum { PROGRAM_COUNTER = 40 + 16 * 8 };
#elif defined(__aarch64__)
enum { PROGRAM_COUNTER = 176 + (1 + 31 + 1) * 8 };
#else
enum { PROGRAM_COUNTER = 176 };
#endif

void linux_fault(int number, void *information, void *context) {
    (void)number, (void)information;
    linux_fault_handler();
    *(void **)((char *)context + PROGRAM_COUNTER) = linux_fault_resume;
}
