/* Linux on AArch64: the raw system call, the program's first instruction, a thread's first instruction.
 *
 * Number in X8, arguments in X0..X5, result in X0, everything else is kept (syscall(2)). At entry SP points at argc
 * (System V ABI for the Arm 64-bit architecture, 9.2). */
#ifndef FERRULE_CALL_AARCH64_H
#define FERRULE_CALL_AARCH64_H

#define OS_ARCH          "aarch64"
#define LINUX_VDSO_CLOCK "__kernel_clock_gettime"

#define CALL_TRAP        "svc #0"
#define CALL_NUMBER      "x8"
#define CALL_ARGUMENT(n) "x" #n
#define CALL_BEGIN_THREAD                                                                                              \
    "cbnz x0, 1f\n\t"                                                                                                  \
    "mov x29, xzr\n\t"                                                                                                 \
    "ldp x1, x0, [sp], #16\n\t"                                                                                        \
    "blr x1\n\t"                                                                                                       \
    "mov x0, xzr\n\t"                                                                                                  \
    "mov x8, %[exit]\n\t"                                                                                              \
    "svc #0\n\t"                                                                                                       \
    "brk #1\n"
#include "call_by_register.h"

/* First instruction: passes the initial stack to linux_start(). */
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
