/* From the kernel's call of runtime_entry() to program_main(); output and facts. */
#include "os/os.h"
#include "core/text.h"
#include "os/cpu_model.h"

hermit_thread_id hermit_main_thread;
uint64_t hermit_kernel_entered;

static struct {
    int argc;
    char **argv;
} start;

static void run(void *unused) {
    (void)unused;
    os_exit(program_main(start.argc, start.argv));
}

/* Takes the argument that our loader appends as the last; another loader appends none. Returns how many are left. */
static int take_entered(int argc, char **argv) {
    static const char word[] = "entered=";
    const char *last = argc > 0 ? argv[argc - 1] : "";
    if (!text_starts(last, word))
        return argc;
    last += sizeof word - 1;
    text_to_u64(last, text_length(last), &hermit_kernel_entered);
    return argc - 1;
}

/* The program runs on a thread that we start: no call returns a thread's own id, but starting a thread does. The new
 * thread first runs during the join, when its id is known. The join returns only when the kernel has ended the thread
 * for an exception. */
void runtime_entry(int argc, char **argv, char **envp) {
    enum { STACK = 256 * 1024, EXIT_INFRASTRUCTURE = 3 };
    (void)envp;
    start.argc = take_entered(argc, argv);
    start.argv = argv;
    hermit_main_thread = sys_spawn2(run, NULL, HERMIT_PRIORITY_NORMAL, STACK, 0);
    sys_join(hermit_main_thread);
    sys_exit(EXIT_INFRASTRUCTURE);
}

/* The console: it takes whole lines, so records leave at once. */
void os_output(const char *bytes, size_t length) {
    enum { STDOUT = 1, EXIT_INFRASTRUCTURE = 3 };
    while (length) {
        long done = os_write(STDOUT, bytes, length);
        if (done <= 0)
            os_exit(EXIT_INFRASTRUCTURE);
        bytes += done;
        length -= (size_t)done;
    }
}

void os_complain(const char *text) {
    enum { STDERR = 2 };
    os_write(STDERR, text, text_length(text));
}

/* The version, from "Hermit version 0.13.0 # UTC ..." (0.11: HermitOS) in a file that the kernel makes. */
static const char *kernel_release(char *text, size_t size) {
    static const char *const before[] = {"Hermit version ", "HermitOS version "};
    long fd = os_open("/proc/version", OS_READ), length;
    if (fd < 0)
        return NULL;
    length = os_read((int)fd, text, size - 1);
    os_close((int)fd);
    text[length < 0 ? 0 : length] = 0;
    for (char *at = text; *at; at++)
        if (at[0] == ' ' && at[1] == '#')
            at[0] = at[1] = 0;
    for (unsigned i = 0; i < sizeof before / sizeof *before; i++)
        if (text_starts(text, before[i]))
            return text + text_length(before[i]);
    return text;
}

static void say_number(void (*fact)(void *, const char *, const char *), void *context, const char *name,
                       uint64_t value) {
    char text[21];
    text[text_u64(text, value)] = 0;
    fact(context, name, text);
}

void os_facts(void (*fact)(void *, const char *name, const char *value), void *context) {
    char text[128];
    const char *release = kernel_release(text, sizeof text);
    if (release)
        fact(context, "kernel.release", release);
    fact(context, "cpu.model", cpu_model(text));
    fact(context, "clock_read", "function of the kernel");
    say_number(fact, context, "clock.mhz", sys_get_processor_frequency());
    say_number(fact, context, "cpus", (uint64_t)os_cpus());
}
