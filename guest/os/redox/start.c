/* From the first instruction to program_main(), in both modes; facts of the kernel. */
#include "bare.h"
#include "core/text.h"
#include "os/cpu_model.h"
#include "os/os.h"
#include "path.h"
#include "userland.h"

static const char *const era_names[] = {
    [ERA_UNKNOWN] = "unknown", [ERA_2022_11] = "2022-11", [ERA_2025_04] = "2025-04",
    [ERA_2025_07] = "2025-07", [ERA_2026_01] = "2026-01", [ERA_2026_07] = "2026-07",
};

/* A bare kernel gives its first program no stack; a userland gives one, with the arguments on it. */
__asm__(".pushsection .bss\n"
        ".balign 16\n"
        "redox_stack:\n\t"
        ".skip 131072\n"
        "redox_stack_end:\n"
        ".popsection\n"
        ".pushsection .text.redox_begin, \"ax\"\n"
        ".globl redox_begin\n"
        "redox_begin:\n\t"
        "xorl %ebp, %ebp\n\t"
        "movq %rsp, %rdi\n\t"
        "testq %rsp, %rsp\n\t"
        "jnz 1f\n\t"
        "leaq redox_stack_end(%rip), %rsp\n"
        "1:\n\t"
        "andq $-16, %rsp\n\t"
        "callq redox_main\n\t"
        "ud2\n"
        ".popsection");

__attribute__((used)) _Noreturn void redox_main(uint64_t *stack) {
    redox_start.era = redox_era_probe();
    if (stack)
        redox_userland_main(stack);
    redox_bare_main();
}

void os_output(const char *bytes, size_t length) {
    redox_start.bare ? redox_bare_output(bytes, length) : redox_userland_output(bytes, length);
}

void os_complain(const char *text) {
    enum { STDERR = 2 };
    os_write(redox_start.bare ? FD_CONSOLE : STDERR, text, text_length(text));
}

/* With the 8254 as its source the kernel's clock goes back by up to a tick at times. */
uint64_t os_clock_ns(void) {
    static uint64_t latest;
    uint64_t now = 0;
    os_clock_read(&now);
    if (now > latest)
        latest = now;
    return latest;
}

/* --- CPUs ----------------------------------------------------------------------------------------------------------
 */

/* A context's CPUs can be set, but it cannot be moved there: one that runs stays where it is, and one that sleeps is
 * not woken again (README.md, pinning). So pinning succeeds only where there is one CPU. */
long os_pin(unsigned cpu) {
    return (long)cpu >= os_cpus() ? -REDOX_EINVAL : os_cpus() == 1 ? 0 : -OS_ENOSYS;
}

long os_unpin(void) {
    return 0;
}

/* --- facts ---------------------------------------------------------------------------------------------------------
 */

/* A text of the kernel's sys scheme; its length, or a negative errno. */
static long read_sys(const char *name, char *text, size_t capacity) {
    long fd = redox_open(ROOT_SYS, name, READ_ONLY), length = fd;
    if (fd >= 0) {
        length = os_read((int)fd, text, capacity - 1);
        os_close((int)fd);
    }
    text[length < 0 ? 0 : length] = 0;
    return length;
}

/* Lines of sys:uname, in the order of uname(2)'s six texts: system, release, machine, version. There is no host name
 * and no domain. */
long os_system_name(char name[OS_SYSTEM_NAME]) {
    static const unsigned char place[] = {0, 2, 4, 3};
    char text[256];
    long length = read_sys("uname", text, sizeof text);
    const char *from = text;
    for (unsigned i = 0; i < sizeof place && length >= 0; i++) {
        char *to = name + (size_t)place[i] * OS_SYSTEM_NAME_PART;
        size_t copied = 0;
        for (; *from && *from != '\n'; from++)
            if (copied + 1 < OS_SYSTEM_NAME_PART)
                to[copied++] = *from;
        to[copied] = 0;
        from += *from == '\n';
    }
    return length;
}

/* sys:cpu begins with "CPUs: N". */
long os_cpus(void) {
    static long count;
    char text[256];
    if (count)
        return count;
    read_sys("cpu", text, sizeof text);
    for (const char *at = text; *at && *at != '\n'; at++)
        if (*at >= '0' && *at <= '9')
            count = count * 10 + (*at - '0');
    return count = count ? count : 1;
}

static int has_kvmclock(void) {
    enum { HYPERVISOR = 0x40000000, FEATURES, CLOCK = 1 << 3, STABLE = 1 << 24 };
    uint32_t a, b, c, d;
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(HYPERVISOR), "c"(0));
    if (a < FEATURES || b != 0x4B4D564B || c != 0x564B4D56 || d != 0x4D) /* "KVMKVMKVM" */
        return 0;
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(FEATURES), "c"(0));
    return (a & (CLOCK | STABLE)) == (CLOCK | STABLE);
}

/* The kernel does not report its clock source; this repeats its choice. Which of two timers it reads otherwise cannot
 * be found out. */
static const char *clocksource(void) {
    return has_kvmclock() ? "kvmclock" : "hpet or 8254";
}

void os_facts(void (*fact)(void *, const char *name, const char *value), void *context) {
    static const char *const names[] = {NULL, "kernel.release", NULL, "kernel.version"}; /* lines of sys:uname */
    char text[256], number[24];
    read_sys("uname", text, sizeof text);
    char *line = text;
    for (size_t i = 0; i < sizeof names / sizeof *names && *line; i++) {
        char *end = line;
        while (*end && *end != '\n')
            end++;
        int last = !*end;
        *end = 0;
        if (names[i] && *line)
            fact(context, names[i], line);
        line = last ? end : end + 1;
    }
    number[text_u64(number, (uint64_t)os_cpus())] = 0;
    fact(context, "cpus", number);
    fact(context, "cpu.model", cpu_model(text));
    fact(context, "mode", redox_start.bare ? "bare" : "userland");
    fact(context, "abi.era", era_names[redox_start.era]);
    fact(context, "clocksource", clocksource());
    fact(context, "clock_read", "syscall");
    fact(context, "null_call", "unknown number");
}
