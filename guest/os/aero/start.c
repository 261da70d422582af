/* The program is `/usr/bin/init`, the one file that the kernel starts, without arguments and without open files. Then
 * it starts itself again once for each process of the boot, with the arguments of a payload, and ends the machine. */
#include "os/os.h"
#include "core/text.h"
#include "os/cpu_model.h"
#include "os/process_argument.h"

#define SELF   "/usr/bin/init"
#define COUNT  "/ferrule/processes" /* how many, in decimal: written by the harness */
#define SHARED "/ferrule/shared"    /* the memory that copies of a process share */
#define OBJECT "/ferrule/object"    /* memory behind a descriptor */

volatile char *aero_spare_byte;
volatile uint32_t aero_data = 1; /* the kernel refuses a segment with no bytes in the file */

START_AT("aero_start");

/* A thread's first instruction; its function and the argument are on its stack. */
__asm__(".text\n"
        ".globl aero_thread_begin\n"
        ".type aero_thread_begin, @function\n"
        "aero_thread_begin:\n\t"
        "xor %ebp, %ebp\n\t"
        "pop %rax\n\t"
        "pop %rdi\n\t"
        "call *%rax\n\t"
        "xor %edi, %edi\n\t"
        "mov $5, %eax\n\t" /* CALL_EXIT */
        "syscall\n\t"
        "hlt\n"
        ".size aero_thread_begin, . - aero_thread_begin\n");
_Static_assert(CALL_EXIT == 5, "aero_thread_begin holds the number");

/* Descriptor 0 must never be a pipe's end of ours (workloads/peer.h). */
static void keep_stdin_open(void) {
    os_open("/dev/null", OS_READ);
}

static uint64_t planned_processes(void) {
    char text[24];
    uint64_t count = 0;
    long fd = os_open(COUNT, OS_READ);
    long length = fd < 0 ? fd : os_read((int)fd, text, sizeof text);
    for (long i = 0; i < length && text[i] >= '0' && text[i] <= '9'; i++)
        count = 10 * count + (uint64_t)(text[i] - '0');
    if (fd >= 0)
        os_close((int)fd);
    return count ? count : 1;
}

static struct aero_slice slice(const char *text) {
    return (struct aero_slice){text, text_length(text)};
}

/* Replaces the calling program; one that the kernel does not load ends with OS_NOT_EXECUTED. */
__attribute__((noreturn)) static void load(const char *path, const struct aero_slice *arguments, long count) {
    call6(CALL_EXEC, (long)path, (long)text_length(path), (long)arguments, count, 0, 0);
    os_exit(OS_NOT_EXECUTED);
}

static void say_end(uint64_t process, uint64_t status) {
    char text[80] = "ferrule-init: process ";
    size_t length = text_length(text);
    length += text_u64(text + length, process);
    text_copy(text + length, sizeof text - length, " ended with status ");
    length += text_length(text + length);
    text[length + text_u64(text + length, status)] = 0;
    os_complain(text);
}

/* Starts this program again, in a process of its own. */
static long start(struct os_process *process, const char *argument) {
    const struct aero_slice arguments[] = {slice("payload"), slice(argument)};
    long pid = aero_fork(process);
    if (pid == 0)
        load(SELF, arguments, 2);
    return pid < 0 ? pid : 0;
}

long os_process_execute(struct os_process *process) {
    return start(process, OS_LEAVE);
}

long os_process_shell(struct os_process *process) {
    const struct aero_slice arguments[] = {slice("sh"), slice("-c"), slice("exit 86")};
    _Static_assert(OS_EXECUTED == 86, "what the shell is told to end with");
    long pid = aero_fork(process);
    if (pid == 0)
        load("/bin/sh", arguments, 3);
    return pid < 0 ? pid : 0;
}

static uint64_t run_process(uint64_t number) {
    char argument[32];
    struct os_process process;
    process_argument(argument, number);
    long status = start(&process, argument);
    return (uint64_t)(status < 0 ? -status : os_process_join(&process));
}

__attribute__((noreturn)) static void boot(void) {
    uint64_t status = 0, processes = planned_processes();
    for (uint64_t process = 0; process < processes && status == 0; process++) {
        status = run_process(process);
        say_end(process, status);
    }
    os_complain("ferrule-init: end"); /* the harness waits for no more: powering off may hang (README.md) */
    for (;;)
        call0(CALL_SHUTDOWN);
}

__attribute__((used, noreturn)) void aero_start(uint64_t *stack) {
    int argc = (int)stack[0];
    if (argc == 0) {
        keep_stdin_open();
        boot();
    }
    os_exit(program_main(argc, (char **)(stack + 1)));
}

/* A record is a line, and the kernel writes one line per call: its own prefix before the text, a newline after it. */
void os_output(const char *bytes, size_t length) {
    if (length && bytes[length - 1] == '\n')
        length--;
    call3(CALL_LOG, (long)bytes, (long)length, 0);
}

void os_complain(const char *text) {
    os_output(text, text_length(text));
}

long os_map_shared(size_t length, void **at) {
    if (aero_spare_byte || length >= OS_PAGE)
        return -OS_EINVAL; /* one page, less a byte: what the payload needs */
    long fd = os_open(SHARED, OS_READ | OS_WRITE);
    if (fd < 0)
        return fd;
    long result = aero_map(OS_PAGE, AERO_MAP_SHARED, fd, at);
    os_close((int)fd);
    if (result < 0)
        return result;
    memset(*at, 0, length); /* processes before this one may have used it */
    aero_spare_byte = (char *)*at + OS_PAGE - 1;
    return 0;
}

long os_memory_object(size_t size) {
    enum { LARGEST = 16 << 20 };
    return size <= LARGEST ? os_open(OBJECT, OS_READ | OS_WRITE) : -OS_EINVAL;
}

void os_facts(void (*fact)(void *, const char *name, const char *value), void *context) {
    struct aero_name name;
    char text[49];
    if (call3(CALL_UNAME, (long)&name, 0, 0) >= 0)
        fact(context, "kernel.release", name.release);
    fact(context, "cpu.model", cpu_model(text));
    fact(context, "clock_read", "syscall");
    fact(context, "tmp.fs", "ext2");
    fact(context, "shared", "file on ext2");
}
