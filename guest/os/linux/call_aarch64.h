/* Linux on AArch64: the raw system call, the program's first instruction, a thread's first instruction.
 *
 * Number in X8, arguments in X0..X5, result in X0, everything else is kept (syscall(2)). At entry SP points at argc
 * (System V ABI for the Arm 64-bit architecture, 9.2). */
#ifndef FERRULE_CALL_AARCH64_H
#define FERRULE_CALL_AARCH64_H

#include <stdint.h>

#include "numbers_generic.h"

#define OS_ARCH          "aarch64"
#define LINUX_VDSO_CLOCK "__kernel_clock_gettime"

static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}

static inline long call0(long number) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0");
    __asm__ volatile("svc #0" : "=r"(x0) : "r"(x8) : "memory");
    return x0;
}

static inline long call1(long number, long a) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8) : "memory");
    return x0;
}

static inline long call2(long number, long a, long b) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
    return x0;
}

static inline long call3(long number, long a, long b, long c) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
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
    register long x8 __asm__("x8") = CALL_CLONE;
    register long x0 __asm__("x0") = (long)flags;
    register long x1 __asm__("x1") = (long)top;
    register long x2 __asm__("x2") = 0;
    register long x3 __asm__("x3") = 0;
    register long x4 __asm__("x4") = (long)child_tid;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "ldp x1, x0, [sp], #16\n\t"
                     "blr x1\n\t"
                     "mov x0, xzr\n\t"
                     "mov x8, %[exit]\n\t"
                     "svc #0\n\t"
                     "brk #1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), [exit] "i"(CALL_EXIT)
                     : "memory");
    return x0;
}

/* First instruction: hands the initial stack to linux_start(). */
#define LINUX_START                                                                                                    \
    __asm__(".text\n"                                                                                                  \
            ".globl _start\n"                                                                                          \
            ".type _start, %function\n"                                                                                \
            "_start:\n\t"                                                                                              \
            "mov x29, xzr\n\t"                                                                                         \
            "mov x30, xzr\n\t"                                                                                         \
            "mov x0, sp\n\t"                                                                                           \
            "and sp, x0, #-16\n\t"                                                                                     \
            "bl linux_start\n\t"                                                                                       \
            "brk #1\n"                                                                                                 \
            ".size _start, . - _start\n")

#endif
