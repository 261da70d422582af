/* The local APIC (SDM vol. 3A ch. 11): timer, interrupts between processors, and the start of a second one. */
#include "apic.h"

#include "boot/multiboot.h"
#include "boot/processor.h"
#include "boot/serial.h"
#include "cpu.h"
#include "errors.h"
#include "frame.h"

enum {
    APIC_BASE = 0xFEE00000,
    /* registers: SDM vol. 3A table 11-1 */
    END_OF_INTERRUPT = 0xB0,
    SPURIOUS = 0xF0,
    COMMAND_LOW = 0x300,
    COMMAND_HIGH = 0x310,
    TIMER = 0x320,
    ENABLED = 0x100,
    PENDING = 0x1000,
    /* commands: SDM vol. 3A 11.6.1 */
    INIT = 0x4500,
    STARTUP = 0x4600,
    FIXED = 0x4000,
};
enum { FIRST_CPU = 0, SECOND_CPU = 1 }; /* APIC ids */

uint64_t cpus = 1;

static volatile int second_cpu_up;
static volatile long answers; /* of the second CPU */

void apic_write(unsigned where, uint32_t value) {
    *(volatile uint32_t *)(uint64_t)(APIC_BASE + where) = value;
}

uint32_t apic_read(unsigned where) {
    return *(volatile uint32_t *)(uint64_t)(APIC_BASE + where);
}

void apic_end_of_interrupt(void) {
    apic_write(END_OF_INTERRUPT, 0);
}

static void enable(void) {
    apic_write(SPURIOUS, ENABLED | VECTOR_SPURIOUS);
}

static void send(uint32_t to, uint32_t command) {
    apic_write(COMMAND_HIGH, to << 24);
    apic_write(COMMAND_LOW, command);
}

void apic_init(void) {
    enum { PIC_1_MASK = 0x21, PIC_2_MASK = 0xA1, DIVIDE_BY_1 = 0xB };
    out8(PIC_1_MASK, 0xFF); /* masks the 8259s: their vectors are those of exceptions here */
    out8(PIC_2_MASK, 0xFF);
    enable();
    apic_write(APIC_DIVIDE, DIVIDE_BY_1);
    apic_write(TIMER, VECTOR_TIMER); /* one-shot, not masked */
}

static void wait(uint64_t ticks) {
    uint64_t end = tsc() + ticks;
    while (tsc() < end)
        __builtin_ia32_pause();
}

/* INIT, 10 ms, then start-up at a page below 1 MiB; a second start-up for those that missed the first (SDM vol. 3A
 * 9.4.4.1). A message to a missing processor is lost, and no CPU comes up. */
void second_cpu_start(uint64_t ticks_per_ms) {
    bytes_copy((void *)SECOND_CPU_AT, second_cpu_code, (uint64_t)(second_cpu_code_end - second_cpu_code));
    send(SECOND_CPU, INIT);
    wait(10 * ticks_per_ms);
    for (int try = 0; try < 2 && !second_cpu_up; try++) {
        send(SECOND_CPU, STARTUP | SECOND_CPU_AT >> 12);
        wait(ticks_per_ms);
    }
    cpus += (uint64_t)second_cpu_up;
}

/* All that the second CPU does. */
void second_cpu_main(void) {
    cpu_load_interrupts();
    enable();
    second_cpu_up = 1;
    for (;;)
        __asm__ volatile("sti\n\thlt" ::: "memory");
}

void ping_interrupt(void) {
    apic_end_of_interrupt();
    send(FIRST_CPU, FIXED | VECTOR_PONG);
}

void pong_interrupt(void) {
    answers++;
    apic_end_of_interrupt();
}

/* CALL_IPI: wakes the second CPU from HLT by an interrupt and halts until its answer has woken this one; returns the
 * number of answers so far. */
long second_cpu_ping(void) {
    if (cpus < 2)
        return -E_NODEV;
    long before = answers;
    send(SECOND_CPU, FIXED | VECTOR_PING);
    while (answers == before)
        halt_for_interrupt();
    return before + 1;
}
