/* From the kernel's initial stack to program_main(), and what it needs first: page size, affinity, vDSO. */
#include "os/os.h"
#include "core/text.h"
#include "vdso.h"

LINUX_START;

struct linux_start linux_start_state;
struct linux_rseq linux_rseq_area;

enum { AT_NULL = 0, AT_PAGESZ = 6, AT_SYSINFO_EHDR = 33 };

/* A write to a pipe without readers must return EPIPE and not end the program: a workload whose other end died is a
 * failed run, not a dead payload. An all-zero mask and flags word is the same on every architecture. */
static void ignore_sigpipe(void) {
    enum { SIGPIPE = 13, SIG_IGN = 1, SIGSET_BYTES = 8 };
    uint64_t action[8] = {SIG_IGN};
    call4(CALL_SIGACTION, SIGPIPE, (long)action, 0, SIGSET_BYTES);
}

/* Descriptor 0 must never be a pipe's end of ours (workloads/peer.h). */
static void keep_stdin_open(void) {
    enum { STDIN = 0, F_GETFD = 1 };
    if (call3(CALL_FCNTL, STDIN, F_GETFD, 0) < 0)
        os_open("/", OS_READ); /* takes the lowest free descriptor */
}

/* One page fault must be the fault of one page, here as on an OS without huge pages. */
static void huge_pages_off(void) {
    enum { PR_SET_THP_DISABLE = 41 };
    linux_start_state.thp_off = call5(CALL_PRCTL, PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0;
}

__attribute__((used, noreturn)) void linux_start(uint64_t *stack) {
    int argc = (int)stack[0];
    char **argv = (char **)(stack + 1);
    uint64_t *word = stack + 1 + argc + 1;
    while (*word) /* the environment is skipped */
        word++;
    const void *vdso = NULL;
    linux_start_state.page = 4096;
    for (word++; word[0] != AT_NULL; word += 2) {
        if (word[0] == AT_PAGESZ)
            linux_start_state.page = word[1];
        if (word[0] == AT_SYSINFO_EHDR)
            vdso = (const void *)word[1];
    }
    linux_start_state.pid = call0(CALL_GETPID);
    call3(CALL_SCHED_GETAFFINITY, 0, sizeof linux_start_state.cpus, (long)linux_start_state.cpus);
    if (vdso) {
        struct linux_time now;
        long (*clock)(int32_t, struct linux_time *) = vdso_symbol(vdso, LINUX_VDSO_CLOCK);
        if (clock && clock(1, &now) == 0)
            linux_start_state.vdso_clock = clock;
    }
    keep_stdin_open();
    ignore_sigpipe();
    huge_pages_off();
    os_exit(program_main(argc, argv));
}

void os_output(const char *bytes, size_t length) {
    enum { STDOUT = 1, POLLOUT = 4, EXIT_INFRASTRUCTURE = 3 };
    while (length) {
        long done = os_write(STDOUT, bytes, length);
        if (done >= 0) {
            bytes += done;
            length -= (size_t)done;
        } else if (done == -LINUX_EAGAIN) { /* someone made our output non-blocking */
            struct {
                int32_t fd;
                int16_t events, happened;
            } wait = {STDOUT, POLLOUT, 0};
            call5(CALL_PPOLL, (long)&wait, 1, 0, 0, 8);
        } else if (done != -LINUX_EINTR) { /* the output is closed: measuring on is of no use */
            os_exit(EXIT_INFRASTRUCTURE);
        }
    }
}

void os_complain(const char *text) {
    enum { STDERR = 2 };
    os_write(STDERR, text, text_length(text)); /* a short write is ignored: it could not be reported anywhere */
}
