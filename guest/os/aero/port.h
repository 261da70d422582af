/* Aero: the operations of os.h that its kernel has, by raw system calls. README.md has the facts, and the reason why an
 * operation is missing or does less than its name says. */
#ifndef FERRULE_AERO_PORT_H
#define FERRULE_AERO_PORT_H

#include "call.h"
#include "core/text.h"
#include "os/one_cpu.h" /* the kernel halts every CPU but the first */

#if !defined(__x86_64__)
#error "Aero runs on x86_64 alone"
#endif

#define OS_NAME "aero"
/* What other kernels have and this one has no call for. */
#define OS_ABSENT                                                                                                      \
    "os_scheme_call os_channel_pair os_ipc_call os_block os_main_thread os_ipi os_alloc os_library_enter "             \
    "os_semaphore_make os_fd_send os_break os_yield os_process_spawn os_signal_hold os_fifo os_queue_pair os_select "  \
    "os_call_filter os_policy os_timer_open os_requeue os_lock_pi os_remap os_discard os_cgroup_join"
#define OS_ARCH "x86_64"

/* --- what the payload needs --- */

__attribute__((noreturn)) static inline void os_exit(int status) {
    for (;;)
        call3(CALL_EXIT, status, 0, 0);
}

#define OS_HAS_CLOCK
static inline long os_clock_read(uint64_t *ns) {
    enum { CLOCK_MONOTONIC = 1 };
    struct aero_time now = {0, 0};
    long result = aero_result(call3(CALL_GETTIME, CLOCK_MONOTONIC, (long)&now, 0));
    *ns = (uint64_t)now.seconds * 1000000000u + (uint64_t)now.nanoseconds;
    return result;
}

#define OS_HAS_CLOCK_CALL /* there is no other way */
static inline long os_clock_call(uint64_t *ns) {
    return os_clock_read(ns);
}

static inline uint64_t os_clock_ns(void) {
    uint64_t ns = 0;
    os_clock_read(&ns);
    return ns;
}

/* --- system calls --- */

#define OS_HAS_NULL_CALL
static inline long os_null_call(void) {
    return call0(CALL_GETPPID);
}

#define OS_HAS_PARENT
static inline long os_parent(void) {
    return call0(CALL_GETPPID);
}

#define OS_HAS_SYSTEM_NAME
static inline long os_system_name(char name[OS_SYSTEM_NAME]) {
    return aero_result(call3(CALL_UNAME, (long)name, 0, 0));
}

#define OS_HAS_INVALID_CALL
static inline long os_invalid_call(void) {
    return aero_result(call0(CALL_NONE));
}

/* --- files and pipes --- */

#define OS_HAS_OPEN
static inline long os_open(const char *path, unsigned how) {
    long flags = !(how & OS_WRITE) ? AERO_RDONLY : how & OS_READ ? AERO_RDWR : AERO_WRONLY;
    return aero_result(call6(CALL_OPEN, AERO_AT_FDCWD, (long)path, (long)text_length(path),
                             how & OS_CREATE ? flags | AERO_CREAT : flags, 0600, 0));
}

static inline long os_remove(const char *path) {
    return aero_result(call6(CALL_UNLINK, AERO_AT_FDCWD, (long)path, (long)text_length(path), 0, 0, 0));
}

#define OS_BAD_DESCRIPTOR 77 /* EBADFD: the kernel's error for it */
#define OS_HAS_FD
static inline long os_read(int fd, void *into, size_t length) {
    return aero_result(call3(CALL_READ, fd, (long)into, (long)length));
}

static inline long os_write(int fd, const void *from, size_t length) {
    return aero_result(call3(CALL_WRITE, fd, (long)from, (long)length));
}

static inline long os_close(int fd) {
    return aero_result(call3(CALL_CLOSE, fd, 0, 0));
}

#include "file.h"

#define OS_HAS_PIPE
static inline long os_pipe(int end[2]) {
    return aero_result(call3(CALL_PIPE, (long)end, 0, 0));
}

#include "signal.h"
#include "socket.h"

#define OS_HAS_EVENTFD
static inline long os_eventfd(uint64_t count) {
    if (count) /* the kernel ignores it and begins at 0 */
        return -OS_EINVAL;
    return aero_result(call3(CALL_EVENTFD, 0, 0, 0));
}

#define OS_HAS_EVENTS /* epoll, level-triggered */
static inline long os_events_open(void) {
    return aero_result(call3(CALL_EPOLL_CREATE, 0, 0, 0));
}

static inline long aero_events_control(int queue, long operation, int fd) {
    enum { EPOLLIN = 1 };
    const struct aero_event event = {EPOLLIN, (uint64_t)fd};
    return aero_result(call6(CALL_EPOLL_CTL, queue, operation, fd, (long)&event, 0, 0));
}

static inline long os_events_add(int queue, int fd) {
    enum { EPOLL_CTL_ADD = 1 };
    return aero_events_control(queue, EPOLL_CTL_ADD, fd);
}

#define OS_HAS_EVENTS_REMOVE
static inline long os_events_remove(int queue, int fd) {
    enum { EPOLL_CTL_DEL = 2 };
    return aero_events_control(queue, EPOLL_CTL_DEL, fd);
}

/* Polls and does not wait: the kernel takes milliseconds for seconds, and does not look at its queue before the
 * timeout. */
static inline long os_events_wait(int queue) {
    enum { EAGAIN = 11, AT_ONCE = 0, NO_SIGNALS = 0 };
    struct aero_event event = {0, 0};
    long ready = call6(CALL_EPOLL_PWAIT, queue, (long)&event, 1, AT_ONCE, NO_SIGNALS, 0);
    return ready > 0 ? (long)event.data : ready == 0 ? -EAGAIN : aero_errno(ready);
}

/* --- processes: fork --- */

#define OS_HAS_PROCESS
struct os_process {
    int32_t pid;
};

/* As fork(): 0 in the copy. */
static inline long aero_fork(struct os_process *process) {
    long pid = aero_result(call0(CALL_FORK));
    process->pid = (int32_t)pid;
    return pid;
}

/* Exit status, or 128 + the signal that ended it. */
static inline long aero_wait(long pid) {
    uint32_t status = 0;
    long result;
    do
        result = call3(CALL_WAITPID, pid, (long)&status, 0);
    while (result == -AERO_EINTR);
    if (result < 0)
        return aero_errno(result);
    return (status & 0xff) == 0 ? (long)(status >> 8) : 128 + (long)(status & 0xff);
}

/* A process that reads a page of shared memory before it writes to it can never write to it (README.md). So a copy
 * first writes to an unused byte of it. An instruction that reads and writes is no substitute: emulators split it into
 * two accesses. NULL: there is no shared memory. */
extern volatile char *aero_spare_byte;

static inline void aero_write_first(void) {
    if (aero_spare_byte)
        *aero_spare_byte = 0;
}

static inline long os_process_start(struct os_process *process, void (*entry)(void *), void *argument) {
    long pid = aero_fork(process);
    if (pid == 0) {
        aero_write_first();
        entry(argument);
        os_exit(0);
    }
    return pid < 0 ? pid : 0;
}

static inline long os_process_join(struct os_process *process) {
    return aero_wait(process->pid);
}

static inline long os_process_kill(struct os_process *process) {
    enum { SIGKILL = 9 };
    long result = aero_result(call3(CALL_KILL, process->pid, SIGKILL, 0));
    return result < 0 ? result : os_process_join(process);
}

#define OS_HAS_EXECUTE
long os_process_execute(struct os_process *process);

#define OS_HAS_SHELL
long os_process_shell(struct os_process *process);

/* --- messages to a process: Aero's ipc calls --- */

#define OS_HAS_MESSAGE
static inline long os_message_address(const struct os_process *process) {
    return process->pid;
}

static inline long os_message_send(long address, const void *bytes, size_t length) {
    return aero_result(call3(CALL_IPC_SEND, address, (long)bytes, (long)length));
}

static inline long os_message_receive(long *sender, void *into, size_t size) {
    enum { WAIT = 1 };
    return aero_result(call6(CALL_IPC_RECV, (long)sender, (long)into, (long)size, WAIT, 0, 0));
}

/* --- threads: clone() shares memory and descriptors and gives a pid to wait for --- */

#define OS_HAS_THREAD
struct os_thread {
    int32_t pid;
};

extern const char aero_thread_begin[]; /* start.c */

static inline long os_thread_start(struct os_thread *thread, void (*entry)(void *), void *argument, void *stack,
                                   size_t size) {
    uint64_t *top = (uint64_t *)(((uintptr_t)stack + size) & ~(uintptr_t)15) - 2;
    top[0] = (uintptr_t)entry;
    top[1] = (uintptr_t)argument;
    long pid = aero_result(call3(CALL_CLONE, (long)aero_thread_begin, (long)top, 0));
    thread->pid = (int32_t)pid;
    return pid < 0 ? pid : 0;
}

static inline long os_thread_join(struct os_thread *thread) {
    return aero_wait(thread->pid);
}

/* --- wait and wake --- */

#define OS_HAS_FUTEX
static inline long os_wait(volatile uint32_t *word, uint32_t expected, uint64_t timeout_ns, int shared) {
    const struct aero_time timeout = {(int64_t)(timeout_ns / 1000000000u), (int64_t)(timeout_ns % 1000000000u)};
    (void)shared;
    return aero_result(call3(CALL_FUTEX_WAIT, (long)word, (long)expected, (long)&timeout));
}

static inline long os_wake(volatile uint32_t *word, uint32_t count, int shared) {
    (void)count; /* it wakes all */
    (void)shared;
    return aero_result(call3(CALL_FUTEX_WAKE, (long)word, 0, 0));
}

/* --- memory --- */

static inline long aero_map(size_t length, long flags, long fd, void **at) {
    long result = aero_result(call6(CALL_MMAP, 0, (long)length, AERO_PROT_READ_WRITE, flags, fd, 0));
    if (result < 0)
        return result;
    *at = (void *)result;
    return 0;
}

#define OS_HAS_MAP
static inline long os_map(size_t length, void **at) {
    return aero_map(length, AERO_MAP_PRIVATE | AERO_MAP_ANONYMOUS, -1, at);
}

#define OS_HAS_SIX_ARGUMENTS
#define OS_BAD_OFFSET 14 /* EFAULT: mmap's only error, whatever it refuses */
static inline long os_six_arguments(long last) {
    return aero_result(
        call6(CALL_MMAP, 0, 4096, AERO_PROT_READ_WRITE, AERO_MAP_PRIVATE | AERO_MAP_ANONYMOUS, -1, last));
}

#define OS_HAS_MEMORY_OBJECT /* the one file that is large enough */
long os_memory_object(size_t size);

static inline long os_map_object(int object, size_t size, void **at) {
    return aero_map(size, AERO_MAP_SHARED, object, at);
}

#define OS_HAS_MAP_COPY
static inline long os_map_copy(int object, size_t size, void **at) {
    return aero_map(size, AERO_MAP_PRIVATE, object, at);
}

static inline long os_unmap(void *at, size_t length) {
    return aero_result(call3(CALL_MUNMAP, (long)at, (long)length, 0));
}

#define OS_HAS_PROTECT
static inline long os_protect(void *at, size_t length, int writable) {
    return aero_result(call3(CALL_MPROTECT, (long)at, (long)length, writable ? AERO_PROT_READ_WRITE : AERO_PROT_READ));
}

#define OS_HAS_MAP_SHARED /* of a file: the kernel refuses shared memory without one */
long os_map_shared(size_t length, void **at);

/* --- scheduling --- */

#define OS_HAS_CPUS
static inline long os_cpus(void) {
    return 1;
}

#define OS_HAS_SLEEP
static inline long os_sleep(uint64_t ns) {
    const struct aero_time wait = {(int64_t)(ns / 1000000000u), (int64_t)(ns % 1000000000u)};
    return aero_result(call3(CALL_SLEEP, (long)&wait, 0, 0));
}

#include "os/sleep_until.h"

#endif
