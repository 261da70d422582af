/* The raw system call of architectures with the same convention: the number in a register of its own, arguments in the
 * registers of function arguments, the result in the first of those, everything else is kept (syscall(2)). The
 * including header names them: CALL_TRAP, the instruction; CALL_NUMBER and CALL_ARGUMENT(n), the registers;
 * CALL_BEGIN_THREAD, a thread's first instructions; the thread that made it jumps over them to label 1. */
#ifndef FERRULE_CALL_BY_REGISTER_H
#define FERRULE_CALL_BY_REGISTER_H

#include <stdint.h>

#include "numbers_generic.h"

static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long which __asm__(CALL_NUMBER) = number;
    register long r0 __asm__(CALL_ARGUMENT(0)) = a;
    register long r1 __asm__(CALL_ARGUMENT(1)) = b;
    register long r2 __asm__(CALL_ARGUMENT(2)) = c;
    register long r3 __asm__(CALL_ARGUMENT(3)) = d;
    register long r4 __asm__(CALL_ARGUMENT(4)) = e;
    register long r5 __asm__(CALL_ARGUMENT(5)) = f;
    __asm__ volatile(CALL_TRAP : "+r"(r0) : "r"(which), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5) : "memory");
    return r0;
}

static inline long call0(long number) {
    register long which __asm__(CALL_NUMBER) = number;
    register long r0 __asm__(CALL_ARGUMENT(0));
    __asm__ volatile(CALL_TRAP : "=r"(r0) : "r"(which) : "memory");
    return r0;
}

static inline long call1(long number, long a) {
    register long which __asm__(CALL_NUMBER) = number;
    register long r0 __asm__(CALL_ARGUMENT(0)) = a;
    __asm__ volatile(CALL_TRAP : "+r"(r0) : "r"(which) : "memory");
    return r0;
}

static inline long call2(long number, long a, long b) {
    register long which __asm__(CALL_NUMBER) = number;
    register long r0 __asm__(CALL_ARGUMENT(0)) = a;
    register long r1 __asm__(CALL_ARGUMENT(1)) = b;
    __asm__ volatile(CALL_TRAP : "+r"(r0) : "r"(which), "r"(r1) : "memory");
    return r0;
}

static inline long call3(long number, long a, long b, long c) {
    register long which __asm__(CALL_NUMBER) = number;
    register long r0 __asm__(CALL_ARGUMENT(0)) = a;
    register long r1 __asm__(CALL_ARGUMENT(1)) = b;
    register long r2 __asm__(CALL_ARGUMENT(2)) = c;
    __asm__ volatile(CALL_TRAP : "+r"(r0) : "r"(which), "r"(r1), "r"(r2) : "memory");
    return r0;
}

/* clone(2) with a stack of its own: the child pops entry and argument from that stack, calls entry, and ends its
 * thread. Order of the arguments here: flags, stack, parent_tid, tls, child_tid. */
static inline long call_clone_thread(unsigned long flags, void *stack_end, volatile uint32_t *child_tid,
                                     void (*entry)(void *), void *argument) {
    uint64_t *top = (uint64_t *)((uintptr_t)stack_end & ~(uintptr_t)15) - 2;
    top[0] = (uintptr_t)entry;
    top[1] = (uintptr_t)argument;
    register long which __asm__(CALL_NUMBER) = CALL_CLONE;
    register long r0 __asm__(CALL_ARGUMENT(0)) = (long)flags;
    register long r1 __asm__(CALL_ARGUMENT(1)) = (long)top;
    register long r2 __asm__(CALL_ARGUMENT(2)) = 0;
    register long r3 __asm__(CALL_ARGUMENT(3)) = 0;
    register long r4 __asm__(CALL_ARGUMENT(4)) = (long)child_tid;
    __asm__ volatile(CALL_TRAP "\n\t" CALL_BEGIN_THREAD "1:"
                     : "+r"(r0)
                     : "r"(which), "r"(r1), "r"(r2), "r"(r3), "r"(r4), [exit] "i"(CALL_EXIT)
                     : "memory");
    return r0;
}

#endif
