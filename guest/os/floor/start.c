/* The payload's side: from the kernel's first jump to program_main(), results, and what is worth knowing. */
#include "os/os.h"
#include "core/text.h"

uint64_t floor_ns_per_tick;

/* Every context begins here, with its function in %rbx and the argument in %r12, on an empty stack. */
__asm__(".pushsection .text.floor_begin, \"ax\"\n"
        ".globl floor_begin\n"
        "floor_begin:\n\t"
        "xorl %ebp, %ebp\n\t"
        "movq %r12, %rdi\n\t"
        "callq *%rbx\n\t"
        "movl $17, %eax\n\t" /* CALL_END */
        "syscall\n"
        ".popsection");
_Static_assert(CALL_END == 17, "floor_begin holds the number");

__attribute__((used)) void floor_main(void *unused) {
    char argument[32] = "process=";
    char *argv[] = {"payload", argument, NULL};
    (void)unused;
    floor_ns_per_tick = (uint64_t)floor_call(CALL_FACT, FLOOR_FACT_NS_PER_TICK, 0, 0);
    size_t length = text_length(argument);
    argument[length + text_u64(argument + length, (uint64_t)floor_call(CALL_FACT, FLOOR_FACT_PROCESS, 0, 0))] = 0;
    os_exit(program_main(2, argv));
}

void os_output(const char *bytes, size_t length) {
    floor_call(CALL_SAY, FLOOR_RECORDS, (long)bytes, (long)length);
}

void os_complain(const char *text) {
    floor_call(CALL_SAY, FLOOR_CONSOLE, (long)text, (long)text_length(text));
}

static void cpuid(uint32_t leaf, uint32_t word[4]) {
    __asm__ volatile("cpuid" : "=a"(word[0]), "=b"(word[1]), "=c"(word[2]), "=d"(word[3]) : "a"(leaf), "c"(0));
}

/* The brand string (SDM vol. 2A, CPUID leaves 0x80000002 to 0x80000004), without the blanks it begins with. */
static const char *cpu_model(char text[49]) {
    uint32_t word[4];
    for (uint32_t i = 0; i < 3; i++) {
        cpuid(0x80000002u + i, word);
        memcpy(text + 16 * i, word, 16);
    }
    text[48] = 0;
    while (*text == ' ')
        text++;
    return text;
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
