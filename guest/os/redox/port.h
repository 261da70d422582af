/* Redox: the operations of os.h, for the first program of a bare kernel, which has only the kernel's own, or for a
 * program of a userland. README.md says how each of them is made, and gives the sources of the facts. */
#ifndef FERRULE_REDOX_PORT_H
#define FERRULE_REDOX_PORT_H

#include "call.h"
#include "descriptor.h"

#define OS_NAME "redox"
/* This kernel has none of these: what is not a scheme is memory, a context or a futex. */
#define OS_ABSENT                                                                                                      \
    "os_ipc_call os_message_address os_block os_main_thread os_ipi os_alloc os_library_enter "                         \
    "os_semaphore_make os_eventfd os_break os_poll os_select os_process_execute os_process_spawn os_signal_install "   \
    "os_signal_hold os_fault_install os_call_filter os_six_arguments os_bytes_waiting os_fifo os_queue_pair "          \
    "os_policy os_requeue os_lock_pi os_discard os_cgroup_join"
#define OS_HAS_ABSENT_HERE /* bare: the operations of daemons */
const char *os_absent_here(void);
#define OS_ARCH "x86_64"

/* --- what the payload needs --- */

void os_exit(int status) __attribute__((noreturn));
#define OS_HAS_REFUSAL
const char *os_refusal(void);
uint64_t os_clock_ns(void); /* never goes back; the kernel's own clock may */

#define OS_HAS_CLOCK /* a system call: there is no vDSO */
static inline long os_clock_read(uint64_t *ns) {
    struct redox_time now = {0, 0, 0};
    long result = redox_call2(CALL_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)&now);
    *ns = (uint64_t)now.seconds * 1000000000u + (uint64_t)now.nanoseconds;
    return result;
}

#define OS_HAS_CLOCK_CALL /* there is no other way */
static inline long os_clock_call(uint64_t *ns) {
    return os_clock_read(ns);
}

/* --- system calls --- */

/* This kernel has no call that has no arguments and does nothing: the cheapest is an unknown number, which Redox's own
 * benchmark also uses for its base latency. Returning the error is all the work done. */
#define OS_HAS_NULL_CALL
static inline long os_null_call(void) {
    return redox_call0(CALL_INVALID) + REDOX_ENOSYS;
}

#define OS_HAS_KERNEL_ENTRY /* bare: the loader writes it into this program before the kernel copies it */
static inline uint64_t os_kernel_entered(void) {
    return redox_kernel_entered;
}

#define OS_HAS_INVALID_CALL
static inline long os_invalid_call(void) {
    return redox_call0(CALL_INVALID);
}

/* --- pipes: a scheme of the kernel's; the writing end is made out of the reading one --- */

#define OS_HAS_FD
static inline long os_read(int fd, void *into, size_t length) {
    return redox_call3(CALL_READ, fd, (long)into, (long)length);
}

static inline long os_write(int fd, const void *from, size_t length) {
    return redox_call3(CALL_WRITE, fd, (long)from, (long)length);
}

static inline long os_close(int fd) {
    long result = redox_close(fd);
    redox_fd_give(fd);
    return result;
}

#define OS_HAS_POSITION /* the kernel's own: no daemon is asked */
static inline long os_position(int fd) {
    return redox_call3(CALL_LSEEK, fd, 0, SEEK_CURRENT);
}

#define OS_HAS_FLAGS
#define OS_WIRE_ALIKE 1 /* a dup has the flags of what it was made of */
static inline long os_fd_flags(int fd) {
    return redox_call3(CALL_FCNTL, fd, GET_FLAGS, 0);
}

#define OS_HAS_DUP
static inline long os_dup(int fd) {
    return redox_dup(fd, "", 0);
}

#define OS_HAS_OFFSETS
static inline long os_read_at(int fd, void *into, size_t length, uint64_t offset) {
    return redox_call5(CALL_READ2, fd, (long)into, (long)length, (long)offset, OWN_FLAGS);
}

static inline long os_write_at(int fd, const void *from, size_t length, uint64_t offset) {
    return redox_call5(CALL_WRITE2, fd, (long)from, (long)length, (long)offset, OWN_FLAGS);
}

#define OS_HAS_STATUS
long os_status_of_path(const char *path);

static inline long os_status_of_fd(int fd) {
    struct redox_file_status status = {{0}, 0, {0}};
    long result = redox_call3(CALL_FSTAT, fd, (long)&status, sizeof status);
    return result < 0 ? result : (long)status.length;
}

/* A daemon serves files; a path is what a program would give to its libc. */
#define OS_HAS_OPEN
#define OS_NULL_DEVICE "/scheme/null"
#define OS_ZERO_DEVICE "/scheme/zero"
long os_open(const char *path, unsigned how);
long os_remove(const char *path);

#define OS_HAS_PIPE
long os_pipe(int end[2]);

/* --- contexts (context.c): a thread shares the address space and the descriptors, a process has copies of both --- */

#define OS_HAS_THREAD
struct os_thread {
    int fd;                 /* of the context: in the one that started it, and in itself */
    volatile uint32_t over; /* in a userland: it has ended */
};
long os_thread_start(struct os_thread *thread, void (*entry)(void *), void *argument, void *stack, size_t size);
long os_thread_join(struct os_thread *thread);

#define OS_HAS_PROCESS
struct os_process {
    int fd; /* of its context */
};
long os_process_start(struct os_process *process, void (*entry)(void *), void *argument);
long os_process_join(struct os_process *process); /* exit status, or 128 + what ended it: exception, signal */
long os_process_kill(struct os_process *process);

#define OS_HAS_PARENT
long os_parent(void);

#define OS_HAS_SYSTEM_NAME /* a text of the kernel's sys scheme: opened, read and closed, as Redox's libc does it */
long os_system_name(char name[OS_SYSTEM_NAME]);

/* --- what daemons of a userland offer (daemon.c): each call on their descriptors is a round trip to a daemon --- */

#define OS_SERVED_SWITCHES 2 /* of a call that a daemon answers */

#define OS_HAS_SOCKET_PAIR
long os_socket_pair(int end[2]);

#define OS_HAS_CHANNEL_PAIR
long os_channel_pair(int end[2]);

#define OS_HAS_MEMORY_OBJECT
long os_memory_object(size_t size);
long os_map_object(int object, size_t size, void **at);

#define OS_HAS_YIELD /* no strict turns: who runs next is the scheduler's choice */
static inline long os_yield(void) {
    return redox_call0(CALL_YIELD);
}

/* --- wait and wake: a word is identified by its physical address, so all of them are shared --- */

static inline struct redox_time redox_time_of(uint64_t ns) {
    return (struct redox_time){(int64_t)(ns / 1000000000u), (int32_t)(ns % 1000000000u), 0};
}

#define OS_HAS_FUTEX
static inline long os_wait(volatile uint32_t *word, uint32_t expected, uint64_t timeout_ns, int shared) {
    struct redox_time until = {0, 0, 0};
    (void)shared;
    if (timeout_ns) { /* the kernel takes an absolute time */
        uint64_t then = 0;
        os_clock_read(&then);
        until = redox_time_of(then + timeout_ns);
    }
    return redox_call5(CALL_FUTEX, (long)word, FUTEX_WAIT, (long)expected, timeout_ns ? (long)&until : 0, 0);
}

static inline long os_wake(volatile uint32_t *word, uint32_t count, int shared) {
    (void)shared;
    return redox_call5(CALL_FUTEX, (long)word, FUTEX_WAKE, (long)count, 0, 0);
}

/* --- schemes (scheme.c): a program that answers calls on descriptors --- */

#define OS_HAS_SCHEME
struct os_scheme {
    int socket;
    uint32_t tag; /* of the request that waits for its answer */
    int waiting;
};
long os_scheme_make(struct os_scheme *scheme);
long os_scheme_serve(struct os_scheme *scheme, long answer, struct os_request *next);
long os_scheme_end(struct os_scheme *scheme, long answer);

static inline long os_scheme_open(int root) {
    return redox_openat(root, "file", 4, READ_WRITE);
}

static inline long os_scheme_call(int fd, void *bytes, size_t length) {
    return redox_call5(CALL_CALL, fd, (long)bytes, (long)length, TO_SCHEME | FROM_SCHEME, 0);
}

/* --- passing descriptors: pipes carry them --- */

#define OS_HAS_FD_PASSING
static inline long os_fd_line(int end[2]) {
    return os_pipe(end);
}

static inline long os_fd_send(int pipe, int fd) {
    return redox_send(pipe, fd);
}

static inline long os_fd_receive(int pipe) {
    return redox_receive(pipe);
}

/* --- event queues: a scheme of the kernel's --- */

#define OS_HAS_EVENTS
long os_events_open(void);

static inline long os_events_add(int queue, int fd) {
    struct redox_event event = {(uint64_t)fd, EVENT_READ, (uint64_t)fd};
    return os_write(queue, &event, sizeof event);
}

#define OS_HAS_EVENTS_REMOVE /* by asking for no events */
static inline long os_events_remove(int queue, int fd) {
    const struct redox_event event = {(uint64_t)fd, 0, (uint64_t)fd};
    return os_write(queue, &event, sizeof event);
}

static inline long os_events_wait(int queue) {
    struct redox_event event = {0, 0, 0};
    long got = os_read(queue, &event, sizeof event);
    return got == sizeof event ? (long)event.data : got < 0 ? got : -REDOX_EINVAL;
}

/* --- timers: the kernel's time scheme, and an event queue to sleep in --- */

#define OS_HAS_TIMER
struct os_timer {
    int clock, queue;
};
long os_timer_open(struct os_timer *timer);
long os_timer_arm(const struct os_timer *timer, uint64_t ns);

static inline long os_timer_wait(const struct os_timer *timer) {
    long which = os_events_wait(timer->queue);
    return which < 0 ? which : which == timer->clock;
}

static inline long os_timer_close(const struct os_timer *timer) {
    long closed = os_close(timer->clock), queue = os_close(timer->queue);
    return closed < 0 ? closed : queue;
}

/* --- memory --- */

#define OS_HAS_MAP
static inline long redox_map(long fd, size_t length, uint64_t flags, void **at) {
    struct redox_map map = {0, (length + 4095) & ~(size_t)4095, flags | PROTECTION_READ | PROTECTION_WRITE, 0};
    long result = redox_call3(CALL_FMAP, fd, (long)&map, sizeof map);
    if (result < 0 && result > -4096)
        return result;
    *at = (void *)result;
    return 0;
}

static inline long os_map(size_t length, void **at) {
    return redox_map(-1, length, MAP_PRIVATE, at);
}

static inline long os_unmap(void *at, size_t length) {
    return redox_call2(CALL_FUNMAP, (long)at, (long)((length + 4095) & ~(size_t)4095));
}

#define OS_HAS_REMAP /* the kernel always moves it */
static inline long os_remap(void *from, size_t length, size_t to, void **at) {
    const size_t page = 4096;
    long result = redox_call5(CALL_MREMAP, (long)from, (long)((length + page - 1) & ~(page - 1)), 0,
                              (long)((to + page - 1) & ~(page - 1)), PROTECTION_READ | PROTECTION_WRITE);
    if (result < 0 && result > -4096)
        return result;
    *at = (void *)result;
    return 0;
}

#define OS_HAS_PROTECT
static inline long os_protect(void *at, size_t length, int writable) {
    return redox_call3(CALL_MPROTECT, (long)at, (long)((length + 4095) & ~(size_t)4095),
                       PROTECTION_READ | (writable ? PROTECTION_WRITE : 0));
}

#define OS_HAS_MAP_SHARED
static inline long os_map_shared(size_t length, void **at) {
    return redox_map(-1, length, MAP_SHARED, at);
}

/* --- scheduling --- */

#define OS_HAS_PIN
long os_pin(unsigned cpu);
long os_unpin(void);

#define OS_HAS_CPU /* the kernel keeps the CPU's number in TSC_AUX */
static inline long os_cpu(void) {
    uint32_t low, high, cpu;
    __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(cpu));
    return (long)cpu;
}

#define OS_HAS_CPUS
long os_cpus(void);

#define OS_HAS_SLEEP
static inline long os_sleep(uint64_t ns) {
    const struct redox_time wait = redox_time_of(ns);
    return redox_call2(CALL_NANOSLEEP, (long)&wait, 0);
}

#include "os/sleep_until.h"

#endif
