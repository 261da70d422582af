/* Hermit: the operations of os.h by the functions of the user's libhermit.a. README.md says what each of them is. There
 * is one address space and one program, so there are no processes, no pipes, and nothing to share memory with. */
#ifndef FERRULE_HERMIT_PORT_H
#define FERRULE_HERMIT_PORT_H

#include "abi.h"
#include "os/one_cpu.h" /* a thread stays on the core that it was started for */

#if !defined(__x86_64__)
#error "this port is written for x86_64 alone"
#endif

#define OS_NAME "hermit"
/* One address space, one program: what needs two does not exist. Its calls are functions, without numbers. */
#define OS_ABSENT                                                                                                      \
    "os_process_start os_process_execute os_parent os_pipe os_socket_pair os_channel_pair "                            \
    "os_scheme_call os_fd_send os_message_address os_map_shared os_ipc_call os_library_enter "                         \
    "os_ipi os_memory_object os_break os_events_open os_events_remove os_invalid_call os_six_arguments "               \
    "os_call_filter os_system_name os_fault_install os_signal_install os_signal_hold os_process_spawn "                \
    "os_process_shell os_datagram_pair os_seqpacket_pair os_fifo os_queue_pair os_select os_file_lock "                \
    "os_policy os_timer_open os_requeue os_lock_pi os_remap os_discard os_cgroup_join"
#define OS_HAS_ABSENT_HERE /* a kernel without the feature `net` */
static inline const char *os_absent_here(void) {
#ifdef HAVE_SYS_SOCKET
    return "";
#else
    return "os_socket_open";
#endif
}
#define OS_ARCH "x86_64"

/* --- what the payload needs --- */

__attribute__((noreturn)) static inline void os_exit(int status) {
    sys_exit(status);
}

#define OS_HAS_CLOCK /* the time-stamp counter in microseconds */
static inline long os_clock_read(uint64_t *ns) {
    struct hermit_time now;
    long result = sys_clock_gettime(HERMIT_CLOCK_MONOTONIC, &now);
    *ns = (uint64_t)now.seconds * 1000000000u + (uint64_t)now.nanoseconds;
    return result;
}

#define OS_HAS_CLOCK_CALL /* there is no other way */
static inline long os_clock_call(uint64_t *ns) {
    return os_clock_read(ns);
}

static inline uint64_t os_clock_ns(void) {
    uint64_t ns;
    os_clock_read(&ns);
    return ns;
}

/* --- system calls: there is no number that could be unknown --- */

#define OS_HAS_NULL_CALL
static inline long os_null_call(void) {
    return sys_getpid();
}

#define OS_HAS_KERNEL_ENTRY
extern uint64_t hermit_kernel_entered; /* set by our loader; 0: another loader started the kernel */
static inline uint64_t os_kernel_entered(void) {
    return hermit_kernel_entered;
}

/* --- files --- */

#define OS_HAS_OPEN
static inline long os_open(const char *path, unsigned how) {
    int32_t flags = !(how & OS_WRITE) ? HERMIT_O_RDONLY : how & OS_READ ? HERMIT_O_RDWR : HERMIT_O_WRONLY;
    return sys_open(path, how & OS_CREATE ? flags | HERMIT_O_CREAT : flags, 0600);
}

static inline long os_remove(const char *path) {
    return sys_unlink(path);
}

#define OS_HAS_FD
static inline long os_read(int fd, void *into, size_t length) {
    return sys_read(fd, into, length);
}

static inline long os_write(int fd, const void *from, size_t length) {
    return sys_write(fd, from, length);
}

static inline long os_close(int fd) {
    return sys_close(fd);
}

#include "file.h"

#define OS_HAS_EVENTFD
static inline long os_eventfd(uint64_t count) {
    return sys_eventfd(count, 0);
}

/* --- threads: all on the first core. The kernel makes their stacks, `stack` is not used --- */

#define OS_HAS_THREAD
struct os_thread {
    hermit_thread_id id;
};

static inline long os_thread_start(struct os_thread *thread, void (*entry)(void *), void *argument, void *stack,
                                   size_t size) {
    (void)stack;
    thread->id = sys_spawn2(entry, argument, HERMIT_PRIORITY_NORMAL, size, 0);
    return thread->id < 0 ? thread->id : 0;
}

static inline long os_thread_join(struct os_thread *thread) {
    return sys_join(thread->id);
}

#define OS_HAS_YIELD
static inline long os_yield(void) {
    sys_yield();
    return 0;
}

extern hermit_thread_id hermit_main_thread;

#define OS_HAS_BLOCK
static inline long os_block(void) {
    sys_block_current_task();
    sys_yield();
    return 0;
}

static inline long os_unblock(const struct os_thread *thread) {
    sys_wakeup_task(thread->id);
    return 0;
}

static inline long os_main_thread(struct os_thread *thread) {
    thread->id = hermit_main_thread;
    return 0;
}

/* --- wait and wake --- */

#define OS_HAS_FUTEX
static inline long os_wait(volatile uint32_t *word, uint32_t expected, uint64_t timeout_ns, int shared) {
    struct hermit_time timeout = {(int64_t)(timeout_ns / 1000000000u), (int32_t)(timeout_ns % 1000000000u)};
    (void)shared;
    return sys_futex_wait((uint32_t *)word, expected, timeout_ns ? &timeout : NULL, HERMIT_FUTEX_RELATIVE);
}

static inline long os_wake(volatile uint32_t *word, uint32_t count, int shared) {
    (void)shared;
    return sys_futex_wake((uint32_t *)word, (int32_t)count);
}

#define OS_HAS_SEMAPHORE
struct os_semaphore {
    void *handle;
};

static inline long os_semaphore_make(struct os_semaphore *semaphore, uint32_t count) {
    return sys_sem_init(&semaphore->handle, 0, count);
}

static inline long os_semaphore_wait(struct os_semaphore *semaphore) {
    return sys_sem_timedwait(&semaphore->handle, NULL);
}

static inline long os_semaphore_post(struct os_semaphore *semaphore) {
    return sys_sem_post(&semaphore->handle);
}

static inline long os_semaphore_end(struct os_semaphore *semaphore) {
    return sys_sem_destroy(&semaphore->handle);
}

/* --- memory: mapped pages are present at once, physically contiguous, and not cleared --- */

#define OS_MAP_PRESENT 1
#ifdef HAVE_SYS_MMAP
#define OS_HAS_MAP
static inline long os_map(size_t length, void **at) {
    return sys_mmap(length, HERMIT_PROT_READ_WRITE, at);
}

static inline long os_unmap(void *at, size_t length) {
    return sys_munmap(at, length);
}

#define OS_HAS_PROTECT
static inline long os_protect(void *at, size_t length, int writable) {
    return sys_mprotect(at, (length + 4095) & ~(size_t)4095, writable ? HERMIT_PROT_READ_WRITE : HERMIT_PROT_READ);
}
#endif

#define OS_HAS_ALLOC
static inline long os_alloc(size_t size, size_t alignment, void **at) {
    *at = sys_malloc(size, alignment);
    return *at ? 0 : -12; /* ENOMEM */
}

static inline long os_free(void *at, size_t size, size_t alignment) {
    sys_free(at, size, alignment);
    return 0;
}

/* --- scheduling --- */

#define OS_PREEMPTS 0
#define OS_HAS_CPUS
static inline long os_cpus(void) {
    return (long)sys_get_processor_count();
}

/* This way of sleeping arms the timer and idles: in milliseconds, rounded up. The kernel's nanosleep polls the counter
 * in a loop for sleeps below 10 ms. */
#define OS_HAS_SLEEP
static inline long os_sleep(uint64_t ns) {
    sys_block_current_task_with_timeout((ns + 999999) / 1000000);
    sys_yield();
    return 0;
}

#include "os/sleep_until.h"

#endif
