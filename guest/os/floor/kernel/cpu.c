/* Descriptor tables and the system-call registers of a CPU. */
#include "cpu.h"

#include "boot/processor.h"

extern const char call_entry[], page_fault_entry[], timer_entry[], ping_entry[], pong_entry[], spurious_entry[];
extern const char exception_entries[], kernel_stack_end[];

enum { EXCEPTIONS = 32, EXCEPTION_STUB = 16, VECTORS = 256, PAGE_FAULT = 14 };

/* SDM vol. 3A 8.7, "Task Management in 64-bit Mode": all that is used of it is the stack for entries from ring 3. */
static struct __attribute__((packed)) {
    uint32_t reserved;
    uint64_t ring_stack[3];
    uint64_t reserved_2, interrupt_stack[7], reserved_3;
    uint16_t reserved_4, io_map;
} task;

static uint64_t gdt[7] = {0, DESCRIPTOR_CODE_64, DESCRIPTOR_DATA, DESCRIPTOR_USER_DATA, DESCRIPTOR_USER_CODE_64};

/* SDM vol. 3A 6.14.1, "64-Bit Mode IDT" */
static struct gate {
    uint16_t offset_low, selector, kind, offset_middle;
    uint32_t offset_high, reserved;
} idt[VECTORS];

struct __attribute__((packed)) table_pointer {
    uint16_t limit;
    uint64_t base;
};

static void gate_set(unsigned vector, const char *entry) {
    enum { INTERRUPT_GATE = 0x8E00 }; /* present, ring 0, interrupts off */
    uint64_t at = (uint64_t)entry;
    idt[vector] = (struct gate){(uint16_t)at,         SELECTOR_KERNEL_CODE, INTERRUPT_GATE,
                                (uint16_t)(at >> 16), (uint32_t)(at >> 32), 0};
}

static void write_msr(uint32_t which, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(which), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static uint64_t read_msr(uint32_t which) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(which));
    return (uint64_t)high << 32 | low;
}

void cpu_load_interrupts(void) {
    struct table_pointer pointer = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" ::"m"(pointer));
}

void cpu_init(void) {
    enum { TASK_AVAILABLE = 0x89 }; /* SDM vol. 3A 8.2.3 */
    struct table_pointer pointer = {sizeof gdt - 1, (uint64_t)gdt};
    uint64_t at = (uint64_t)&task, limit = sizeof task - 1;
    task.ring_stack[0] = (uint64_t)kernel_stack_end;
    task.io_map = sizeof task;
    gdt[SELECTOR_TASK / 8] = limit | (at & 0xFFFFFF) << 16 | (uint64_t)TASK_AVAILABLE << 40 | (at >> 24 & 0xFF) << 56;
    gdt[SELECTOR_TASK / 8 + 1] = at >> 32;
    __asm__ volatile("lgdt %0" ::"m"(pointer)); /* the selectors in use mean the same in it as in the boot code's */
    __asm__ volatile("ltr %w0" ::"r"(SELECTOR_TASK));
    for (unsigned vector = 0; vector < EXCEPTIONS; vector++)
        gate_set(vector, exception_entries + EXCEPTION_STUB * vector);
    gate_set(PAGE_FAULT, page_fault_entry);
    gate_set(VECTOR_TIMER, timer_entry);
    gate_set(VECTOR_PING, ping_entry);
    gate_set(VECTOR_PONG, pong_entry);
    gate_set(VECTOR_SPURIOUS, spurious_entry);
    cpu_load_interrupts();
    /* SYSCALL loads CS from STAR[47:32]; SYSRET loads SS from STAR[63:48] + 8 and CS from + 16 (SDM vol. 3A 5.8.8). */
    write_msr(MSR_STAR, (uint64_t)(SELECTOR_USER_DATA - 8) << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    write_msr(MSR_LSTAR, (uint64_t)call_entry);
    write_msr(MSR_FMASK, FLAG_INTERRUPTS | 0x400 | 0x100); /* and direction and trap flag */
    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE);
}
