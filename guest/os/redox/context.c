/* Contexts: what the kernel schedules. A thread is one in this address space, a process one in a copy of it; both are
 * made by hand through descriptors of the kernel's context scheme, and both are over when the kernel says so. */
#include "context.h"
#include "os/os.h"

/* What a new context finds on its stack. */
struct begin {
    void (*entry)(void *);
    void *argument;
    long self;
    int process;
};

enum { STATUS_NONE = -1, SIGNALLED = 128, OVER_WORDS = FD_COUNT / 64 };
static long self;                     /* descriptor of this process's first context */
static int queue_open;                /* FD_QUEUE is an event queue of this process */
static uint64_t over[OVER_WORDS];     /* contexts whose end has been heard of, by descriptor */
static volatile int32_t *exit_status; /* of processes, by descriptor; seen by all of them */
static struct redox_status last_status;

/* A pointer to struct begin is where the stack begins; below it is free. */
__asm__(".pushsection .text.redox_context_begin, \"ax\"\n"
        "redox_context_begin:\n\t"
        "xorl %ebp, %ebp\n\t"
        "movq %rsp, %rdi\n\t"
        "andq $-16, %rsp\n\t"
        "callq redox_context_main\n\t"
        "ud2\n"
        ".popsection");
extern const char redox_context_begin[];

static _Noreturn void end(long context) {
    const uint64_t verb = VERB_END;
    for (;;)
        redox_call3(CALL_WRITE, context, (long)&verb, sizeof verb);
}

__attribute__((used)) void redox_context_main(struct begin *begin) {
    if (begin->process) {
        self = begin->self;
        redox_close(FD_FILES); /* it came along with the copy that was made of it */
        if (queue_open)
            redox_close(FD_QUEUE); /* its parent's */
        queue_open = 0;
    }
    begin->entry(begin->argument);
    if (begin->process)
        redox_context_end(0);
    end(begin->self);
}

void redox_context_end(int status) {
    exit_status[self] = status;
    end(self);
}

void os_exit(int status) {
    redox_context_end(status);
}

long redox_contexts_init(void) {
    void *at = NULL;
    long result = os_map_shared(FD_COUNT * sizeof *exit_status, &at);
    if (result < 0)
        return result;
    exit_status = at;
    self = redox_fd_take();
    return REDOX_DUP_INTO(redox_root[ROOT_CONTEXTS], "cur-context", self);
}

long redox_io_ports(void) {
    const uint64_t verb = VERB_IO_PORTS;
    return redox_call5(CALL_CALL, self, 0, 0, 1, (long)&verb);
}

/* --- the start of one ------------------------------------------------------------------------------------------------
 */

/* Writes to one of a context's aspects; the kernel acts when it is closed. */
static long set(long context, const char *aspect, size_t length, const void *words, size_t size) {
    long result = redox_dup_into((uint64_t)context, aspect, length, FD_SELECT);
    if (result < 0)
        return result;
    result = redox_call3(CALL_WRITE, FD_SELECT, (long)words, (long)size);
    long closed = redox_close(FD_SELECT);
    return result < 0 ? result : closed;
}
#define SET(context, aspect, words) set(context, aspect, sizeof aspect - 1, words, sizeof words)

/* An aspect of this process, or a copy of it, as that aspect of the new context. */
static long hand_descriptors(long context, int copy) {
    long result = REDOX_DUP_INTO(self, "filetable", FD_FILES);
    if (result >= 0 && copy)
        result = REDOX_DUP_INTO(FD_FILES, "copy", FD_FILES_COPY);
    if (result >= 0) {
        uint64_t words[] = {copy ? FD_FILES_COPY : FD_FILES};
        result = SET(context, "current-filetable", words);
        redox_close(FD_FILES);
        if (copy)
            redox_close(FD_FILES_COPY);
    }
    return result;
}

static long hand_space(long context, int copy, const volatile struct begin *begin) {
    long result = REDOX_DUP_INTO(self, "addrspace", FD_SPACE);
    if (result >= 0 && copy)
        result = REDOX_DUP_INTO(FD_SPACE, "exclusive", FD_SPACE_COPY);
    if (result >= 0) {
        uint64_t words[] = {copy ? FD_SPACE_COPY : FD_SPACE, (uint64_t)begin, (uint64_t)redox_context_begin};
        result = SET(context, "current-addrspace", words);
        redox_close(FD_SPACE);
        if (copy)
            redox_close(FD_SPACE_COPY);
    }
    return result;
}

/* Hears of the context's end from now on. */
static long watch(long context) {
    struct redox_event event = {(uint64_t)context, EVENT_READ, (uint64_t)context};
    if (!queue_open) {
        long result = redox_open_into(redox_root[ROOT_EVENT], "", 0, READ_WRITE, FD_QUEUE);
        if (result < 0)
            return result;
        queue_open = 1;
    }
    over[context / 64] &= ~(1ull << context % 64);
    return os_write(FD_QUEUE, &event, sizeof event);
}

/* The descriptors go first: the copy of memory must say what the copy of the descriptors says. */
static long start(long context, int process, const volatile struct begin *begin) {
    const char go[] = {0};
    long result = REDOX_DUP_INTO(redox_root[ROOT_CONTEXTS], "new-context", context);
    if (result < 0) {
        redox_fd_give(context);
        return result;
    }
    result = watch(context);
    if (result >= 0)
        result = hand_descriptors(context, process);
    if (result >= 0)
        result = hand_space(context, process, begin);
    if (result >= 0)
        result = SET(context, "start", go);
    if (result < 0)
        os_close((int)context);
    return result < 0 ? result : 0;
}

long os_thread_start(struct os_thread *thread, void (*entry)(void *), void *argument, void *stack, size_t size) {
    long context = redox_fd_take();
    if (context < 0)
        return context;
    volatile struct begin *begin = (volatile struct begin *)(((uint64_t)stack + size - sizeof *begin) & ~(uint64_t)15);
    begin->entry = entry;
    begin->argument = argument;
    begin->self = thread->fd = (int)context;
    begin->process = 0;
    return start(context, 0, begin);
}

/* The new process goes on with a copy of this stack, below what is on it now. */
__attribute__((noinline)) long os_process_start(struct os_process *process, void (*entry)(void *), void *argument) {
    long context = redox_fd_take();
    if (context < 0)
        return context;
    volatile struct begin begin = {entry, argument, context, 1};
    process->fd = (int)context;
    exit_status[context] = STATUS_NONE;
    return start(context, 1, &begin);
}

/* --- the end of one --------------------------------------------------------------------------------------------------
 */

static long await(long context) {
    while (!(over[context / 64] >> context % 64 & 1)) {
        long ended = os_events_wait(FD_QUEUE);
        if (ended < 0)
            return ended;
        over[ended / 64] |= 1ull << ended % 64;
    }
    return 0;
}

long os_thread_join(struct os_thread *thread) {
    long result = await(thread->fd);
    os_close(thread->fd);
    return result;
}

/* How a process ended that did not say it itself. */
static long ask_status(long context) {
    last_status = (struct redox_status){0, 0, 0, 0};
    long result = REDOX_DUP_INTO(context, "status", FD_SELECT);
    if (result < 0)
        return result;
    result = os_read(FD_SELECT, &last_status, sizeof last_status);
    redox_close(FD_SELECT);
    return result < 0 ? result : SIGNALLED + (long)last_status.kind;
}

long os_process_join(struct os_process *process) {
    long result = await(process->fd);
    if (result >= 0)
        result = exit_status[process->fd];
    last_status.status = 0;
    if (result == STATUS_NONE)
        result = ask_status(process->fd);
    os_close(process->fd);
    return result;
}

long redox_exception(void) {
    return last_status.status == CONTEXT_EXCEPTION ? (long)last_status.kind : -1;
}

long os_process_kill(struct os_process *process) {
    const uint64_t verb[] = {VERB_END};
    long result = SET(process->fd, "status", verb);
    os_process_join(process);
    return result < 0 ? result : 0;
}
