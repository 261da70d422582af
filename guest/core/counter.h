/* The cycle counter, read so that no instruction of the measured region can leak out of it.
 *
 * x86-64: LFENCE;RDTSC;LFENCE opens a region and RDTSCP;LFENCE closes it (Intel SDM vol. 2B, RDTSC and RDTSCP).
 * CPUID is never used as the fence: in a virtual machine it is a trap of tens of thousands of cycles.
 * AArch64: ISB;MRS CNTVCT_EL0 (Arm ARM D12.1.2: counter reads may be speculated without the ISB).
 * RISC-V: FENCE;RDTIME, or with FERRULE_COUNTER_CYCLES RDCYCLE. User mode may read RDCYCLE only where the kernel allows
 * it. It is for emulators, whose time ticks once in 100 instructions and whose cycles tick with each. */
#ifndef FERRULE_COUNTER_H
#define FERRULE_COUNTER_H

#include <stdint.h>

#if defined(__x86_64__)
#define FERRULE_COUNTER_NAME "tsc"
static inline uint64_t counter_open(void) {
    uint32_t low, high;
    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}
static inline uint64_t counter_close(void) {
    uint32_t low, high, processor;
    __asm__ volatile("rdtscp\n\tlfence" : "=a"(low), "=d"(high), "=c"(processor)::"memory");
    return (uint64_t)high << 32 | low;
}
#elif defined(__aarch64__)
#define FERRULE_COUNTER_NAME "cntvct_el0"
static inline uint64_t counter_open(void) {
    uint64_t ticks;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(ticks)::"memory");
    return ticks;
}
static inline uint64_t counter_close(void) {
    return counter_open();
}
#elif defined(__riscv) && __riscv_xlen == 64
#ifdef FERRULE_COUNTER_CYCLES
#define FERRULE_COUNTER_NAME "rdcycle"
#else
#define FERRULE_COUNTER_NAME "rdtime"
#endif
static inline uint64_t counter_open(void) {
    uint64_t ticks;
    __asm__ volatile("fence\n\t" FERRULE_COUNTER_NAME " %0\n\tfence" : "=r"(ticks)::"memory");
    return ticks;
}
static inline uint64_t counter_close(void) {
    return counter_open();
}
#else
#error "no cycle counter is known for this architecture: add it here"
#endif

#endif
