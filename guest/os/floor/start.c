/* The payload's side: from the kernel's first jump to program_main(); output and facts. */
#include "os/os.h"
#include "core/text.h"
#include "os/cpu_model.h"
#include "os/process_argument.h"

uint64_t floor_ns_per_tick;

/* Every context begins here, with its function in %rbx and the argument in %r12, on an empty stack. */
__asm__(".pushsection .text.floor_begin, \"ax\"\n"
        ".globl floor_begin\n"
        "floor_begin:\n\t"
        "xorl %ebp, %ebp\n\t"
        "movq %r12, %rdi\n\t"
        "callq *%rbx\n\t"
        "movl $18, %eax\n\t" /* CALL_END */
        "syscall\n"
        ".popsection");
_Static_assert(CALL_END == 18, "floor_begin holds the number");

__attribute__((used)) void floor_main(void *unused) {
    char argument[32], *argv[] = {"payload", argument, NULL};
    (void)unused;
    floor_ns_per_tick = (uint64_t)floor_call(CALL_FACT, FLOOR_FACT_NS_PER_TICK, 0, 0);
    process_argument(argument, (uint64_t)floor_call(CALL_FACT, FLOOR_FACT_PROCESS, 0, 0));
    os_exit(program_main(2, argv));
}

void os_output(const char *bytes, size_t length) {
    floor_call(CALL_SAY, FLOOR_RECORDS, (long)bytes, (long)length);
}

void os_complain(const char *text) {
    floor_call(CALL_SAY, FLOOR_CONSOLE, (long)text, (long)text_length(text));
}

void os_facts(void (*fact)(void *, const char *name, const char *value), void *context) {
    static const struct {
        const char *name;
        long which;
    } numbers[] = {
        {"tsc.hz", FLOOR_FACT_TSC_HZ},
        {"apic_timer.hz", FLOOR_FACT_TIMER_HZ},
        {"cpus", FLOOR_FACT_CPUS},
        {"memory", FLOOR_FACT_MEMORY},
    };
    char text[49];
    fact(context, "kernel.release", "1");
    fact(context, "cpu.model", cpu_model(text));
    fact(context, "clock_read", "rdtsc");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        text[text_u64(text, (uint64_t)floor_call(CALL_FACT, numbers[i].which, 0, 0))] = 0;
        fact(context, numbers[i].name, text);
    }
}
