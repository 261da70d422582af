/* From the kernel's jump to program_main(): the program that the kernel starts looks after the boot, and runs the
 * payload as a process of its own as often as the plan says, each time as new. */
#include "context.h"
#include "core/plan.h"
#include "core/text.h"
#include "end.h"
#include "os/os.h"

/* The kernel gives no stack (README.md, start). */
__asm__(".pushsection .bss\n"
        ".balign 16\n"
        "redox_stack:\n\t"
        ".skip 131072\n"
        "redox_stack_end:\n"
        ".popsection\n"
        ".pushsection .text.redox_begin, \"ax\"\n"
        ".globl redox_begin\n"
        "redox_begin:\n\t"
        "leaq redox_stack_end(%rip), %rsp\n\t"
        "xorl %ebp, %ebp\n\t"
        "callq redox_main\n\t"
        "ud2\n"
        ".popsection");

extern const char redox_plan[]; /* image.ld */
static uint32_t process;

static void say_number(const char *what, uint64_t number) {
    char text[24];
    text[text_u64(text, number)] = 0;
    os_complain("ferrule: ");
    os_complain(what);
    os_complain(text);
    os_complain("\n");
}

/* --- what the kernel leaves behind for its first program ---------------------------------------------------------- */

/* One page below the top of the address space: descriptors of the kernel's schemes by their ids, and of the right to
 * make schemes. */
static void find_roots(void) {
    const uint64_t *word = (const void *)0x7FFFFFFFC000;
    uint64_t count = *word++;
    for (uint64_t i = 0; i < count; i++, word += 2)
        if ((word[0] & 0xFF) < ROOTS)
            redox_root[word[0] & 0xFF] = word[1];
    redox_root[ROOT_SCHEMES] = *word;
}

/* The era of the calls: whether the descriptor of something opened is the program's choice, since 2026-07. */
static int era_known(void) {
    long seen = redox_open_into((uint64_t)-1, "", 0, 0, 0);
    if (seen == -REDOX_EBADF)
        return redox_open_into(redox_root[ROOT_DEBUG], "", 0, READ_WRITE, FD_CONSOLE) >= 0;
    static const char text[] = "ferrule: this kernel's calls are older than 2026-07: OPENAT_INTO is unknown to it\n";
    long console = redox_call5(CALL_OPENAT_2025, (long)redox_root[ROOT_DEBUG], (long)"", 0, READ_WRITE, 0);
    if (console >= 0)
        redox_call3(CALL_WRITE, console, (long)text, sizeof text - 1);
    return 0;
}

static void start_of_records(void) {
    enum { DATA = 0, INTERRUPT_ENABLE = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, MODEM_CONTROL = 4 };
    enum { EIGHT_BITS = 3, DIVISOR_ACCESS = 0x80, FIFO_ON_CLEAR = 7, DTR_RTS = 3 };
    port_write(RECORDS_PORT + INTERRUPT_ENABLE, 0);
    port_write(RECORDS_PORT + LINE_CONTROL, DIVISOR_ACCESS);
    port_write(RECORDS_PORT + DATA, 1); /* 115200 baud */
    port_write(RECORDS_PORT + INTERRUPT_ENABLE, 0);
    port_write(RECORDS_PORT + LINE_CONTROL, EIGHT_BITS);
    port_write(RECORDS_PORT + FIFO_CONTROL, FIFO_ON_CLEAR);
    port_write(RECORDS_PORT + MODEM_CONTROL, DTR_RTS);
}

/* --- the payload as often as planned ------------------------------------------------------------------------------ */

static uint32_t planned_processes(void) {
    static struct plan plan;
    const char *why;
    plan_default(&plan);
    plan_parse(&plan, redox_plan, PLAN_CAPACITY, &why); /* a bad one is the payload's to complain about */
    return plan.processes ? plan.processes : 1;
}

static void run_payload(void *unused) {
    char argument[32] = "process=";
    char *argv[] = {"payload", argument, NULL};
    (void)unused;
    size_t length = text_length(argument);
    argument[length + text_u64(argument + length, process)] = 0;
    redox_io_ports(); /* for the records */
    os_exit(program_main(2, argv));
}

__attribute__((used)) void redox_main(void) {
    long status = 0;
    find_roots();
    int known = era_known();
    long ready = known ? redox_contexts_init() : 0;
    if (known && ready >= 0)
        ready = redox_io_ports();
    if (!known || ready < 0) { /* perhaps not even the way to end the machine is there */
        if (known)
            say_number("the kernel refuses the first context: error ", (uint64_t)-ready);
        machine_end(known ? END_START : END_ERA);
    }
    start_of_records();
    for (uint32_t count = planned_processes(); process < count && status == 0; process++) {
        struct os_process payload;
        status = os_process_start(&payload, run_payload, NULL);
        if (status >= 0)
            status = os_process_join(&payload);
        if (redox_exception() >= 0) {
            say_number("exception in process ", process);
            machine_end(END_FAULT + (unsigned)redox_exception() % 32);
        }
        if (status < 0)
            say_number("a process could not be started: error ", (uint64_t)-status);
    }
    machine_end(status < 0 ? END_START : END_STATUS + ((uint64_t)status < 0x1F ? (unsigned)status : 0x1F));
}

/* --- what the payload needs ----------------------------------------------------------------------------------------
 */

void os_output(const char *bytes, size_t length) {
    serial_send(RECORDS_PORT, bytes, length);
}

void os_complain(const char *text) {
    os_write(FD_CONSOLE, text, text_length(text));
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

/* A context can be told which CPUs it may run on, but not be moved there: one that runs stays where it is, and one that
 * sleeps is not woken again (README.md, pinning). So a program is at home where there is one CPU, and else anywhere. */
long os_pin(unsigned cpu) {
    return (long)cpu >= os_cpus() ? -REDOX_EINVAL : os_cpus() == 1 ? 0 : -OS_ENOSYS;
}

long os_unpin(void) {
    return 0;
}

/* --- facts ---------------------------------------------------------------------------------------------------------
 */

/* A text of the kernel's sys scheme; its length, or a negative errno. */
static long read_sys(const char *path, char *text, size_t capacity) {
    long fd = redox_fd_take();
    long length = redox_open_into(redox_root[ROOT_SYS], path, text_length(path), READ_ONLY, fd);
    if (length >= 0) {
        length = os_read((int)fd, text, capacity - 1);
        redox_close(fd);
    }
    redox_fd_give(fd);
    text[length < 0 ? 0 : length] = 0;
    return length;
}

/* The kernel says "CPUs: N" first in sys:cpu. */
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

/* The brand string (SDM vol. 2A, CPUID leaves 0x80000002 to 0x80000004), without the blanks it begins with. */
static const char *cpu_model(char text[49]) {
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t word[4];
        __asm__ volatile("cpuid"
                         : "=a"(word[0]), "=b"(word[1]), "=c"(word[2]), "=d"(word[3])
                         : "a"(0x80000002u + i), "c"(0));
        memcpy(text + 16 * i, word, sizeof word);
    }
    text[48] = 0;
    while (*text == ' ')
        text++;
    return text;
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
    fact(context, "abi.era", "2026-07");
    fact(context, "clock_read", "syscall");
    fact(context, "null_call", "unknown number");
}
