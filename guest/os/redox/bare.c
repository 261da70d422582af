/* The first program of a bare kernel: it controls the boot, and runs the payload in a process of its own as often as
 * the plan says, each time in a new one. Records leave through a serial port. */
#include "bare.h"

#include "bare_context.h"
#include "boot/serial.h"
#include "core/plan.h"
#include "core/text.h"
#include "ending.h"
#include "os/os.h"
#include "os/process_argument.h"
#include "path.h"

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

/* Opens it also as descriptor 0, where the kernel picks the lowest: that must never be a pipe's end
 * (workloads/peer.h). */
static long open_console(void) {
    long fd;
    do
        fd = redox_openat_to((long)redox_root[ROOT_DEBUG], "", 0, READ_WRITE, FD_CONSOLE);
    while (fd >= 0 && fd < FD_CONSOLE);
    return fd;
}

/* Whether the era has that page and the calls used with it. */
static int era_known(void) {
    if (redox_start.era >= ERA_2026_01)
        return open_console() >= 0;
    return 0;
}

/* --- the payload as often as planned ------------------------------------------------------------------------------ */

static uint32_t planned_processes(void) {
    static struct plan plan;
    const char *why;
    plan_default(&plan);
    plan_parse(&plan, redox_plan, PLAN_CAPACITY, &why); /* the payload reports a bad one */
    return plan.processes ? plan.processes : 1;
}

static void run_payload(void *unused) {
    char argument[32], *argv[] = {"payload", argument, NULL};
    (void)unused;
    process_argument(argument, process);
    redox_bare_ports(); /* for the records */
    os_exit(program_main(2, argv));
}

void redox_bare_main(void) {
    long status = 0;
    redox_start.bare = 1;
    find_roots();
    int known = era_known();
    long ready = known ? redox_bare_init() : 0;
    if (known && ready >= 0)
        ready = redox_bare_ports();
    if (!known || ready < 0) { /* perhaps even ending the machine does not work */
        if (known)
            say_number("the kernel refuses the first context: error ", (uint64_t)-ready);
        machine_end(known ? END_START : END_ERA);
    }
    serial_start(RECORDS_PORT);
    for (uint32_t count = planned_processes(); process < count && status == 0; process++) {
        struct os_process payload;
        status = os_process_start(&payload, run_payload, NULL);
        if (status >= 0)
            status = os_process_join(&payload);
        if (redox_bare_exception() >= 0) {
            say_number("exception in process ", process);
            machine_end(end_of_fault((uint64_t)redox_bare_exception()));
        }
        if (status < 0)
            say_number("a process could not be started: error ", (uint64_t)-status);
    }
    machine_end(status < 0 ? END_START : end_of_status(status));
}

void redox_bare_output(const char *bytes, size_t length) {
    serial_send(RECORDS_PORT, bytes, length);
}
