/* How signal handlers begin and end. */
#include "os/os.h"

void (*aero_signal_handler)(int);
void (*aero_fault_handler)(void);
void *aero_fault_resume;

/* The kernel puts a frame on the stack, whatever its alignment, and below it the handler's return address; the signal's
 * number is in EDI. The frame holds a word, fifteen registers and RIP. */
__asm__(".text\n"
        ".globl aero_signal_begin, aero_fault_begin, aero_signal_return\n"
        "aero_signal_begin:\n\t"
        "push %rbp\n\t"
        "mov %rsp, %rbp\n\t"
        "and $-16, %rsp\n\t"
        "call *aero_signal_handler(%rip)\n\t"
        "mov %rbp, %rsp\n\t"
        "pop %rbp\n\t"
        "ret\n"
        "aero_fault_begin:\n\t"
        "push %rbp\n\t"
        "mov %rsp, %rbp\n\t"
        "and $-16, %rsp\n\t"
        "call *aero_fault_handler(%rip)\n\t"
        "mov aero_fault_resume(%rip), %rax\n\t"
        "mov %rax, 144(%rbp)\n\t" /* behind RBP, the return address, the word, the registers */
        "mov %rbp, %rsp\n\t"
        "pop %rbp\n\t"
        "ret\n"
        "aero_signal_return:\n\t"
        "mov $39, %eax\n\t" /* CALL_SIGRETURN */
        "syscall\n\t"
        "hlt\n");
_Static_assert(CALL_SIGRETURN == 39, "aero_signal_return holds the number");
