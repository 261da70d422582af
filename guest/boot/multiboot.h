/* What multiboot.S and second_cpu.S hand over to C. */
#ifndef FERRULE_MULTIBOOT_H
#define FERRULE_MULTIBOOT_H

#include <stdint.h>

/* The head of the loader's information (Multiboot specification 0.6.96, 3.3). */
struct multiboot_info {
    uint32_t flags; /* bit 0: memory_* are valid, bit 2: command_line, bit 3: modules_*, bit 6: map_* */
    uint32_t memory_lower, memory_upper; /* KiB below 640 KiB and from 1 MiB on */
    uint32_t boot_device, command_line;
    uint32_t modules_count, modules_address;
    uint32_t symbols[4];
    uint32_t map_length, map_address;
};

/* 64-bit mode, interrupts off, the first 4 GiB mapped at their own addresses, a stack of 16 KiB. Must not return. */
void boot_main(const struct multiboot_info *info);

/* The top page table: at its own address, entry 0 maps the 4 GiB. */
extern uint64_t boot_tables[512];

/* The time-stamp counter at the first instruction of multiboot.S. */
extern uint64_t boot_counter;

/* The code that a second processor starts with, in 16-bit mode: to be copied to SECOND_CPU_AT (processor.h); it then
 * calls second_cpu_main() in 64-bit mode on the page tables above with a stack of its own. */
extern const char second_cpu_code[], second_cpu_code_end[];
void second_cpu_main(void);

#endif
