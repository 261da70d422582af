/* Linux on RISC-V (64-bit): the raw system call, the program's first instruction, a thread's first instruction.
 *
 * Number in A7, arguments in A0..A5, result in A0, everything else is kept (syscall(2)). At entry SP points at argc
 * (RISC-V ELF psABI); GP is ours to set, the linker relaxes against it. */
#ifndef FERRULE_CALL_RISCV64_H
#define FERRULE_CALL_RISCV64_H

#include <stdint.h>

#include "numbers_generic.h"

#define OS_ARCH          "riscv64"
#define LINUX_VDSO_CLOCK "__vdso_clock_gettime"

static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
    return a0;
}

static inline long call0(long number) {
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0");
    __asm__ volatile("ecall" : "=r"(a0) : "r"(a7) : "memory");
    return a0;
}

static inline long call1(long number, long a) {
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
    return a0;
}

static inline long call2(long number, long a, long b) {
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1) : "memory");
    return a0;
}

static inline long call3(long number, long a, long b, long c) {
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
}

static inline long call4(long number, long a, long b, long c, long d) {
    return call6(number, a, b, c, d, 0, 0);
}

static inline long call5(long number, long a, long b, long c, long d, long e) {
    return call6(number, a, b, c, d, e, 0);
}

/* clone(2) with a stack of its own: the child takes entry and argument off that stack, calls, and ends its thread.
 * Order of the arguments here: flags, stack, parent_tid, tls, child_tid. */
static inline long call_clone_thread(unsigned long flags, void *stack_end, volatile uint32_t *child_tid,
                                     void (*entry)(void *), void *argument) {
    uint64_t *top = (uint64_t *)((uintptr_t)stack_end & ~(uintptr_t)15) - 2;
    top[0] = (uintptr_t)entry;
    top[1] = (uintptr_t)argument;
    register long a7 __asm__("a7") = CALL_CLONE;
    register long a0 __asm__("a0") = (long)flags;
    register long a1 __asm__("a1") = (long)top;
    register long a2 __asm__("a2") = 0;
    register long a3 __asm__("a3") = 0;
    register long a4 __asm__("a4") = (long)child_tid;
    __asm__ volatile("ecall\n\t"
                     "bnez a0, 1f\n\t"
                     "mv s0, zero\n\t"
                     "ld a1, 0(sp)\n\t"
                     "ld a0, 8(sp)\n\t"
                     "addi sp, sp, 16\n\t"
                     "jalr a1\n\t"
                     "mv a0, zero\n\t"
                     "li a7, %[exit]\n\t"
                     "ecall\n\t"
                     "ebreak\n"
                     "1:"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), [exit] "i"(CALL_EXIT)
                     : "memory");
    return a0;
}

/* First instruction: hands the initial stack to linux_start(). */
#define LINUX_START                                                                                                    \
    __asm__(".text\n"                                                                                                  \
            ".globl _start\n"                                                                                          \
            ".type _start, @function\n"                                                                                \
            "_start:\n\t"                                                                                              \
            ".option push\n\t"                                                                                         \
            ".option norelax\n\t"                                                                                      \
            "la gp, __global_pointer$\n\t"                                                                             \
            ".option pop\n\t"                                                                                          \
            "mv s0, zero\n\t"                                                                                          \
            "mv a0, sp\n\t"                                                                                            \
            "andi sp, sp, -16\n\t"                                                                                     \
            "call linux_start\n\t"                                                                                     \
            "ebreak\n"                                                                                                 \
            ".size _start, . - _start\n")

#endif
