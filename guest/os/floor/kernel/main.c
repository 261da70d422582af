/* The kernel's start: from the boot code's long mode to the payload's first instruction; and what the payload asks of
 * the machine. */
#include "apic.h"
#include "boot/multiboot.h"
#include "boot/serial.h"
#include "call.h"
#include "cpu.h"
#include "errors.h"
#include "frame.h"
#include "image.h"
#include "process.h"
#include "say.h"
#include "space.h"
#include "time.h"

static const uint16_t serial[] = {[FLOOR_CONSOLE] = CONSOLE_PORT, [FLOOR_RECORDS] = RECORDS_PORT};

void boot_main(const struct multiboot_info *info) {
    enum { FIRST_MIB_KIB = 1024, MEMORY_KNOWN = 1 };
    uint64_t kib = info->flags & MEMORY_KNOWN ? info->memory_upper : 0;
    serial_start(CONSOLE_PORT);
    serial_start(RECORDS_PORT);
    cpu_init();
    frames_init((uint64_t)image_end, (FIRST_MIB_KIB + kib) * 1024);
    spaces_init();
    contexts_init();
    apic_init();
    time_init();
    second_cpu_start(tsc_hz / 1000);
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
    case FLOOR_FACT_ENTERED:
        return boot_counter;
    }
    return (uint64_t)-E_INVAL;
}

/* CALL_SAY */
long machine_say(uint64_t which, uint64_t bytes, uint64_t length) {
    if (which > FLOOR_RECORDS)
        return -E_INVAL;
    for (uint64_t done = 0; done < length; done++) {
        const char *at = space_at(current->space, bytes + done, 0);
        if (!at)
            return -E_FAULT;
        serial_send(serial[which], at, 1);
    }
    return (long)length;
}
