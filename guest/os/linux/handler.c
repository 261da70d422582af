/* How signal handlers return, and the handler for faults. */
#include "os/os.h"

void *linux_fault_resume;
void (*linux_fault_handler)(void);

#if defined(__x86_64__) /* the other architectures' kernels have the return code in their vDSO */
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

/* Offset of the interrupted program counter in the ucontext that a handler gets. Behind flags, link and stack (40
 * bytes) x86-64 has the registers, RIP the seventeenth. The others first have a mask of 128 bytes, aligned to 16; then
 * AArch64 has the fault's address, 31 registers, SP, PC; RISC-V has the PC. */
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
