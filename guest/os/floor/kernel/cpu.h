/* This CPU: its descriptor tables, its counter, its halt. */
#ifndef FERRULE_FLOOR_CPU_H
#define FERRULE_FLOOR_CPU_H

#include <stdint.h>

enum vector { VECTOR_TIMER = 0x20, VECTOR_PING = 0x21, VECTOR_PONG = 0x22, VECTOR_SPURIOUS = 0xFF };
void cpu_init(void);
void cpu_load_interrupts(void);

static inline uint64_t tsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline void halt_for_interrupt(void) {
    __asm__ volatile("sti\n\thlt\n\tcli" ::: "memory"); /* STI takes effect after HLT has begun: SDM vol. 2B, STI */
}

#endif
