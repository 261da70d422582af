/* Contexts: what the kernel schedules. A thread is one in this address space, a process one in a copy of it; both are
 * made through descriptors. The keeper provides those and waits for the end. */
#include "keeper.h"

static const struct redox_keeper *keeper(void) {
    return redox_start.bare ? &redox_nobody : &redox_daemon;
}

/* At entry RSP points to struct redox_begin; the stack below it is free. */
__asm__(".pushsection .text.redox_context_begin, \"ax\"\n"
        "redox_context_begin:\n\t"
        "xorl %ebp, %ebp\n\t"
        "movq %rsp, %rdi\n\t"
        "andq $-16, %rsp\n\t"
        "callq redox_context_main\n\t"
        "ud2\n"
        ".popsection");
extern const char redox_context_begin[];

__attribute__((used)) void redox_context_main(struct redox_begin *begin) {
    int is_process = begin->files >= 0;
    if (is_process) {
        redox_close(begin->files);
        keeper()->born();
        redox_start.thread = begin->self;
        redox_start.process = begin->process;
    }
    begin->entry(begin->argument);
    if (is_process)
        os_exit(0);
    keeper()->end(begin);
}

/* Gives the new context this process's descriptors, or a copy of them. */
static long hand_descriptors(long context, int copy, volatile struct redox_begin *begin) {
    long files = REDOX_DUP_TO(redox_start.thread, "filetable", FD_FILES), copied = -1;
    if (files < 0)
        return files;
    long result = copy ? copied = REDOX_DUP_TO(files, "copy", FD_FILES_COPY) : 0;
    if (result >= 0) {
        uint64_t words[] = {(uint64_t)(copy ? copied : files)};
        result = REDOX_SET(context, "current-filetable", words);
    }
    begin->files = copy ? files : -1;
    redox_close(files);
    if (copied >= 0)
        redox_close(copied);
    return result;
}

static long hand_space(long context, int copy, const volatile struct redox_begin *begin) {
    long space = REDOX_DUP_TO(redox_start.thread, "addrspace", FD_SPACE), copied = -1;
    if (space < 0)
        return space;
    long result = copy ? copied = REDOX_DUP_TO(space, "exclusive", FD_SPACE_COPY) : 0;
    if (result >= 0) {
        uint64_t words[] = {(uint64_t)(copy ? copied : space), (uint64_t)begin, (uint64_t)redox_context_begin};
        result = REDOX_SET(context, "current-addrspace", words);
    }
    redox_close(space);
    if (copied >= 0)
        redox_close(copied);
    return result;
}

/* The descriptors first: that sets begin->files, which the copy of memory must contain. */
static long start(long context, int copy, volatile struct redox_begin *begin) {
    const char go[] = {0};
    long result = hand_descriptors(context, copy, begin);
    if (result >= 0)
        result = hand_space(context, copy, begin);
    if (result >= 0)
        result = REDOX_SET(context, "start", go);
    return result < 0 ? result : 0;
}

long os_thread_start(struct os_thread *thread, void (*entry)(void *), void *argument, void *stack, size_t size) {
    volatile struct redox_begin *begin;
    long context = keeper()->thread();
    if (context < 0)
        return context;
    *thread = (struct os_thread){(int)context, 0};
    begin = (volatile struct redox_begin *)(((uint64_t)stack + size - sizeof *begin) & ~(uint64_t)15);
    begin->entry = entry;
    begin->argument = argument;
    begin->self = context;
    begin->process = begin->files = -1;
    begin->thread = thread;
    long result = start(context, 0, begin);
    if (result < 0)
        os_close((int)context);
    return result;
}

/* The new process uses a copy of this stack, below what is on it now. */
__attribute__((noinline)) long os_process_start(struct os_process *process, void (*entry)(void *), void *argument) {
    volatile struct redox_begin begin = {entry, argument, -1, -1, -1, NULL};
    long context = keeper()->process(&begin.process);
    if (context < 0)
        return context;
    begin.self = process->fd = (int)context;
    long result = start(context, 1, &begin);
    if (result < 0) {
        os_close((int)context);
        if (begin.process >= 0)
            os_close((int)begin.process);
    }
    return result;
}

long os_thread_join(struct os_thread *thread) {
    long result = keeper()->join(thread);
    os_close(thread->fd);
    return result;
}

long os_process_join(struct os_process *process) {
    long result = keeper()->wait(process->fd);
    os_close(process->fd);
    return result;
}

long os_process_kill(struct os_process *process) {
    long result = keeper()->kill(process->fd);
    os_process_join(process);
    return result < 0 ? result : 0;
}

void os_exit(int status) {
    keeper()->exit(status);
}
