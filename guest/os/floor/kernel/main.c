/* The kernel's start: from the boot code's long mode to the payload's first instruction. */
#include "kernel.h"

void boot_main(const struct multiboot_info *info) {
    enum { FIRST_MIB_KIB = 1024, MEMORY_KNOWN = 1 };
    uint64_t kib = info->flags & MEMORY_KNOWN ? info->memory_upper : 0;
    ports_init();
    cpu_init();
    frames_init((uint64_t)image_end, (FIRST_MIB_KIB + kib) * 1024);
    spaces_init();
    contexts_init();
    apic_init();
    time_init();
    second_cpu_start();
    say("floor: ");
    say_number(cpus);
    say(" CPU, counter ");
    say_number(tsc_hz);
    say(" Hz, timer ");
    say_number(timer_hz);
    say(" Hz\n");
    context_resume(payload_start());
}

/* CALL_FACT */
uint64_t machine_fact(uint64_t which) {
    switch ((enum floor_fact)which) {
    case FLOOR_FACT_PROCESS:
        return payload_process();
    case FLOOR_FACT_NS_PER_TICK:
        return ns_per_tick;
    case FLOOR_FACT_TSC_HZ:
        return tsc_hz;
    case FLOOR_FACT_TIMER_HZ:
        return timer_hz;
    case FLOOR_FACT_CPUS:
        return cpus;
    case FLOOR_FACT_MEMORY:
        return frames_total() * PAGE;
    }
    return (uint64_t)-E_INVAL;
}
