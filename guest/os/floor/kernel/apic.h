/* The local APIC, and the second CPU, which answers interrupts and does nothing else. */
#ifndef FERRULE_FLOOR_APIC_H
#define FERRULE_FLOOR_APIC_H

#include <stdint.h>

enum apic_register { APIC_DIVIDE = 0x3E0, APIC_COUNT = 0x380, APIC_LEFT = 0x390 };
extern uint64_t cpus;
void apic_init(void);
void apic_end_of_interrupt(void);
void apic_write(unsigned where, uint32_t value);
uint32_t apic_read(unsigned where);
void second_cpu_start(uint64_t ticks_per_ms);

#endif
