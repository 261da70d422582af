/* Linux on RISC-V (64-bit): the raw system call, the program's first instruction, a thread's first instruction.
 *
 * Number in A7, arguments in A0..A5, result in A0, everything else is kept (syscall(2)). At entry SP points at argc
 * (RISC-V ELF psABI); the program must set GP, because the linker relaxes against it. */
#ifndef FERRULE_CALL_RISCV64_H
#define FERRULE_CALL_RISCV64_H

#define OS_ARCH          "riscv64"
#define LINUX_VDSO_CLOCK "__vdso_clock_gettime"

#define CALL_TRAP        "ecall"
#define CALL_NUMBER      "a7"
#define CALL_ARGUMENT(n) "a" #n
#define CALL_BEGIN_THREAD                                                                                              \
    "bnez a0, 1f\n\t"                                                                                                  \
    "mv s0, zero\n\t"                                                                                                  \
    "ld a1, 0(sp)\n\t"                                                                                                 \
    "ld a0, 8(sp)\n\t"                                                                                                 \
    "addi sp, sp, 16\n\t"                                                                                              \
    "jalr a1\n\t"                                                                                                      \
    "mv a0, zero\n\t"                                                                                                  \
    "li a7, %[exit]\n\t"                                                                                               \
    "ecall\n\t"                                                                                                        \
    "ebreak\n"
#include "call_by_register.h"

/* First instruction: passes the initial stack to linux_start(). */
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
