/* A program of a userland: what it was started with, and its output. */
#include "userland.h"

#include "os/os.h"

enum { AT_NULL = 0, AT_PROCESS = 41, AT_THREAD = 42, AT_NAMES = 43 }; /* relibc, src/platform/auxv_defs.rs */

static void read_auxiliary(const uint64_t *word) {
    for (; word[0] != AT_NULL; word += 2) {
        if (word[0] == AT_PROCESS)
            redox_start.process = (long)word[1];
        if (word[0] == AT_THREAD)
            redox_start.thread = (long)word[1];
        if (word[0] == AT_NAMES)
            redox_start.names = (long)word[1];
    }
}

static void move_away(long *fd) {
    if (*fd < 0 || *fd >= FD_FIRST)
        return;
    long moved = redox_dup(*fd, "", 0);
    if (moved >= 0)
        *fd = moved;
}

/* Where the program numbers its descriptors itself, those with fixed numbers must be free. */
static void clear_fixed(void) {
    if (redox_start.era < ERA_2026_07)
        return;
    move_away(&redox_start.process);
    move_away(&redox_start.thread);
    move_away(&redox_start.names);
    for (long fd = FD_SPACE; fd < FD_FIRST; fd++)
        redox_close(fd);
}

/* Descriptor 0 must never be a pipe's end of ours (workloads/peer.h). */
static void keep_stdin_open(void) {
    long fd = redox_dup(0, "", 0);
    if (fd == -REDOX_EBADF)
        fd = os_open(OS_NULL_DEVICE, OS_READ);
    if (fd > 0)
        os_close((int)fd);
}

const char *os_refusal(void) {
    if (redox_start.bare)
        return NULL;
    if (redox_start.era == ERA_UNKNOWN)
        return "the kernel answers none of the calls by which the port tells its eras (OPENAT_INTO, OPENAT, GETPID)";
    if (redox_start.era >= ERA_2025_04 && (redox_start.process < 0 || redox_start.thread < 0))
        return "the program was given no descriptor of its process (auxiliary vector, 41 and 42)";
    if (redox_start.era >= ERA_2026_01 && redox_start.names < 0)
        return "the program was given no descriptor of its namespace (auxiliary vector, 43)";
    return NULL;
}

void redox_userland_main(uint64_t *stack) {
    int argc = (int)stack[0];
    char **argv = (char **)(stack + 1);
    const uint64_t *word = stack + 1 + argc + 1;
    while (*word) /* the environment is skipped */
        word++;
    read_auxiliary(word + 1);
    if (!os_refusal()) {
        clear_fixed();
        keep_stdin_open();
    }
    os_exit(program_main(argc, argv));
}

void redox_userland_output(const char *bytes, size_t length) {
    enum { STDOUT = 1, EXIT_INFRASTRUCTURE = 3, SOON = 1000000 };
    while (length) {
        long done = os_write(STDOUT, bytes, length);
        if (done >= 0) {
            bytes += done;
            length -= (size_t)done;
        } else if (done == -REDOX_EAGAIN) { /* someone made our output non-blocking */
            os_sleep(SOON);
        } else if (done != -REDOX_EINTR) { /* the output is closed: measuring on is of no use */
            os_exit(EXIT_INFRASTRUCTURE);
        }
    }
}
