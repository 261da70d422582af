/* Contexts in a userland: a daemon makes processes and their threads, and reports how a process ended. A thread reports
 * its end by a futex, as threads of Redox's libc do. */
#include "keeper.h"

enum { SIGNALLED = 128 };

/* Processes that this one has started, by the descriptors of their contexts. */
static struct {
    int process;
    uint32_t pid;
} started[FD_COUNT];

static long ask(long process, uint64_t what, uint64_t first, void *into, size_t size) {
    const uint64_t words[3] = {what, first, 0};
    return redox_call5(CALL_CALL, process, (long)into, (long)size, 3 | (into ? FROM_SCHEME : 0), (long)words);
}

static int kept_by_the_kernel(void) {
    return redox_start.era < ERA_2025_04;
}

static long make(void) {
    return kept_by_the_kernel() ? -OS_NOT_PORTED : REDOX_DUP(redox_start.process, "new-thread");
}

static long make_process(volatile long *process) {
    struct redox_process identity = {0, {0}};
    if (kept_by_the_kernel())
        return -OS_NOT_PORTED;
    long child = REDOX_DUP(redox_start.process, "fork");
    if (child < 0)
        return child;
    long context = REDOX_DUP(child, "thread-0");
    long result = context < 0 ? context : os_read((int)child, &identity, sizeof identity);
    if (result < 0) {
        if (context >= 0)
            os_close((int)context);
        os_close((int)child);
        return result;
    }
    started[context].process = (int)child;
    started[context].pid = identity.pid;
    *process = child;
    return context;
}

/* Closes the parent's descriptors of itself, which were copied. */
static void born(void) {
    redox_close(redox_start.process);
    redox_close(redox_start.thread);
}

/* The thread sleeps until the thread that joins it ends it: to end itself it would need a descriptor, which could not
 * be closed at the right time. As soon as `over` is set its stack may be reused: nothing here uses it any more. */
static _Noreturn void end(const struct redox_begin *begin) {
    static const struct redox_time long_time = {1 << 30, 0, 0};
    register long none __asm__("r10") = 0;
    register long unused __asm__("r8") = 0;
    __asm__ volatile("movl $1, (%%rdi)\n\t"
                     "syscall\n\t"
                     "1: movq %%rbx, %%rdi\n\t"
                     "xorl %%esi, %%esi\n\t"
                     "movl %[sleep], %%eax\n\t"
                     "syscall\n\t"
                     "jmp 1b"
                     :
                     : "a"(CALL_FUTEX), "D"(&begin->thread->over), "S"(FUTEX_WAKE), "d"(1), "b"(&long_time), "r"(none),
                       "r"(unused), [sleep] "i"(CALL_NANOSLEEP)
                     : "rcx", "r11", "memory");
    __builtin_unreachable();
}

static long join(struct os_thread *thread) {
    const uint64_t verb[] = {VERB_END};
    while (!thread->over)
        os_wait(&thread->over, 0, 0, 0);
    return REDOX_SET(thread->fd, "status", verb);
}

/* The daemon may be busy with this very process and ask to try again. */
static _Noreturn void leave(int status) {
    long result = -REDOX_EAGAIN;
    if (kept_by_the_kernel())
        redox_call1(CALL_EXIT, status);
    while (result == -REDOX_EAGAIN || result == -REDOX_EINTR)
        result = ask(redox_start.process, PROCESS_EXIT, (uint64_t)status & 0xFF, NULL, 0);
    __builtin_trap(); /* the process could not be ended properly */
}

/* The status is laid out as wait(2) has it. */
static long wait_for(long context) {
    uint64_t status = 0;
    long result = -REDOX_EINTR;
    while (result == -REDOX_EINTR)
        result = ask(redox_start.process, PROCESS_WAIT, started[context].pid, &status, sizeof status);
    os_close(started[context].process);
    if (result < 0)
        return result;
    return status & 0x7F ? SIGNALLED + (long)(status & 0x7F) : (long)(status >> 8 & 0xFF);
}

/* Ends the process through its own descriptor, with the status of a signal: it could not receive a real one. */
static long kill(long context) {
    return ask(started[context].process, PROCESS_EXIT, SIGNAL_KILL << 8, NULL, 0);
}

const struct redox_keeper redox_daemon = {make, make_process, born, end, join, leave, wait_for, kill};

long os_parent(void) {
    if (redox_start.bare)
        return -OS_DOES_NOT_EXIST; /* there is no process manager */
    return kept_by_the_kernel() ? redox_call0(CALL_GETPPID) : ask(redox_start.process, PROCESS_PARENT, 0, NULL, 0);
}
