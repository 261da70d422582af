/* For x86-64 ports whose kernel is entered as Linux is: the raw system call, and the program's first instruction.
 *
 * Number in RAX, arguments in RDI RSI RDX R10 R8 R9, result in RAX; the instruction itself destroys RCX and R11 (psABI
 * x86-64, A.2.1; syscall(2)). At entry RSP points at argc (psABI 3.4.1). */
#ifndef FERRULE_SYSCALL_X86_64_H
#define FERRULE_SYSCALL_X86_64_H

static inline long call0(long number) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
    return result;
}

static inline long call1(long number, long a) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a) : "rcx", "r11", "memory");
    return result;
}

static inline long call2(long number, long a, long b) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
    return result;
}

static inline long call3(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* First instruction: passes the initial stack to the function of that name. */
#define START_AT(function)                                                                                             \
    __asm__(".text\n"                                                                                                  \
            ".globl _start\n"                                                                                          \
            ".type _start, @function\n"                                                                                \
            "_start:\n\t"                                                                                              \
            "xor %ebp, %ebp\n\t"                                                                                       \
            "mov %rsp, %rdi\n\t"                                                                                       \
            "and $-16, %rsp\n\t"                                                                                       \
            "call " function "\n\t"                                                                                    \
            "hlt\n"                                                                                                    \
            ".size _start, . - _start\n")

#endif
