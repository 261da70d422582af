/* Floor: the operations of os.h that bare hardware has, as calls of the mini-kernel in kernel/. README.md says what
 * each of them is, instruction by instruction. */
#ifndef FERRULE_FLOOR_PORT_H
#define FERRULE_FLOOR_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "os/one_cpu.h" /* the second one only answers interrupts */

#if !defined(__x86_64__)
#error "floor is written for x86_64 alone"
#endif

#define OS_NAME "floor"
/* The processor alone: no files, no names, no queues of a kernel. */
#define OS_ABSENT                                                                                                      \
    "os_parent os_open os_socket_pair os_channel_pair os_eventfd os_library_enter "                                    \
    "os_process_execute os_semaphore_make os_message_address os_scheme_call os_fd_send "                               \
    "os_events_open os_memory_object os_alloc os_block os_main_thread "                                                \
    "os_break os_dup os_fd_flags os_bytes_waiting os_poll os_select os_events_remove os_directory_make "               \
    "os_datagram_pair os_seqpacket_pair os_socket_open os_fifo os_queue_pair os_process_spawn os_process_shell "       \
    "os_signal_install os_signal_hold os_fault_install os_call_filter os_system_name os_six_arguments "                \
    "os_clock_call os_policy os_timer_open os_requeue os_lock_pi os_remap os_discard os_cgroup_join"
#define OS_ARCH "x86_64"

/* A call that the kernel's C code handles: it preserves what the System V ABI preserves, and other contexts may run
 * meanwhile, which use the vector registers. SYSCALL itself overwrites %rcx and %r11 (SDM vol. 2B, SYSCALL). */
static inline long floor_call(long number, long a, long b, long c) {
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(a), "+S"(b), "+d"(c)
                     :
                     : "rcx", "r8", "r9", "r10", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
                       "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    return number;
}

/* A call that is answered by the entry code itself. */
static inline long floor_bare_call(long number) {
    __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
    return number;
}

/* --- what the payload needs --- */

__attribute__((noreturn)) static inline void os_exit(int status) {
    for (;;)
        floor_call(CALL_EXIT, status, 0, 0);
}

extern uint64_t floor_ns_per_tick;

#define OS_HAS_CLOCK /* the time-stamp counter (SDM vol. 3B 18.17), scaled; the kernel is not asked */
static inline uint64_t os_clock_ns(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)((unsigned __int128)((uint64_t)high << 32 | low) * floor_ns_per_tick >> 32);
}

static inline long os_clock_read(uint64_t *ns) {
    uint64_t now = os_clock_ns();
    __asm__ volatile("" : "+r"(now)); /* scaled even where the result is not used: the scaling is measured */
    *ns = now;
    return 0;
}

/* --- system calls --- */

#define OS_HAS_NULL_CALL
static inline long os_null_call(void) {
    return floor_bare_call(CALL_NULL);
}

#define OS_HAS_KERNEL_ENTRY
static inline uint64_t os_kernel_entered(void) {
    return (uint64_t)floor_call(CALL_FACT, FLOOR_FACT_ENTERED, 0, 0);
}

#define OS_HAS_INVALID_CALL
static inline long os_invalid_call(void) {
    return floor_bare_call(CALLS);
}

/* --- pipes --- */

#define OS_HAS_FD
static inline long os_read(int fd, void *into, size_t length) {
    return floor_call(CALL_READ, fd, (long)into, (long)length);
}

static inline long os_write(int fd, const void *from, size_t length) {
    return floor_call(CALL_WRITE, fd, (long)from, (long)length);
}

static inline long os_close(int fd) {
    return floor_call(CALL_CLOSE, fd, 0, 0);
}

#define OS_HAS_PIPE
static inline long os_pipe(int end[2]) {
    return floor_call(CALL_PIPE, (long)end, 0, 0);
}

/* --- threads and processes: contexts in this address space, or the first one of a copy of it --- */

#define OS_HAS_THREAD
struct os_thread {
    int id;
};

static inline long os_thread_start(struct os_thread *thread, void (*entry)(void *), void *argument, void *stack,
                                   size_t size) {
    long id = floor_call(CALL_START, (long)entry, (long)argument, (long)stack + (long)size);
    thread->id = (int)id;
    return id < 0 ? id : 0;
}

static inline long os_thread_join(struct os_thread *thread) {
    return floor_call(CALL_JOIN, thread->id, 0, 0);
}

#define OS_HAS_PROCESS
struct os_process {
    int id;
};

static inline long os_process_start(struct os_process *process, void (*entry)(void *), void *argument) {
    long id = floor_call(CALL_START, (long)entry, (long)argument, 0);
    process->id = (int)id;
    return id < 0 ? id : 0;
}

static inline long os_process_join(struct os_process *process) {
    return floor_call(CALL_JOIN, process->id, 0, 0);
}

static inline long os_process_kill(struct os_process *process) {
    long result = floor_call(CALL_KILL, process->id, 0, 0);
    return result < 0 ? result : os_process_join(process);
}

#define OS_HAS_YIELD
static inline long os_yield(void) {
    return floor_call(CALL_YIELD, 0, 0, 0);
}

/* --- wait and wake; a word is identified by its physical address, so all of them are shared --- */

#define OS_HAS_FUTEX
static inline long os_wait(volatile uint32_t *word, uint32_t expected, uint64_t timeout_ns, int shared) {
    (void)shared;
    return floor_call(CALL_WAIT, (long)word, (long)expected, (long)timeout_ns);
}

static inline long os_wake(volatile uint32_t *word, uint32_t count, int shared) {
    (void)shared;
    return floor_call(CALL_WAKE, (long)word, (long)count, 0);
}

/* --- messages in registers --- */

#define OS_HAS_IPC
static inline long os_ipc_call(const struct os_process *server, long message) {
    return floor_call(CALL_IPC_CALL, server->id, message, 0);
}

static inline long os_ipc_serve(long reply) {
    return floor_call(CALL_IPC_SERVE, reply, 0, 0);
}

/* --- memory --- */

static inline long floor_map(size_t length, int shared, void **at) {
    long result = floor_call(CALL_MAP, (long)length, shared, 0);
    if (result < 0)
        return result;
    *at = (void *)result;
    return 0;
}

#define OS_HAS_MAP
static inline long os_map(size_t length, void **at) {
    return floor_map(length, 0, at);
}

static inline long os_unmap(void *at, size_t length) {
    return floor_call(CALL_UNMAP, (long)at, (long)length, 0);
}

#define OS_HAS_PROTECT
static inline long os_protect(void *at, size_t length, int writable) {
    return floor_call(CALL_PROTECT, (long)at, (long)length, writable);
}

#define OS_HAS_MAP_SHARED
static inline long os_map_shared(size_t length, void **at) {
    return floor_map(length, 1, at);
}

/* --- scheduling --- */

#define OS_PREEMPTS 0
#define OS_HAS_CPUS
static inline long os_cpus(void) {
    return 1;
}

#define OS_HAS_SWITCHES /* there is no preemption */
static inline long os_switches(uint64_t *voluntary, uint64_t *involuntary) {
    *voluntary = (uint64_t)floor_call(CALL_SWITCHES, 0, 0, 0);
    *involuntary = 0;
    return 0;
}

#define OS_HAS_SLEEP
static inline long os_sleep(uint64_t ns) {
    return floor_call(CALL_SLEEP, (long)ns, 0, 0);
}

#include "os/sleep_until.h"

#define OS_HAS_IPI
static inline long os_ipi(void) {
    return floor_call(CALL_IPI, 0, 0, 0);
}

#endif
