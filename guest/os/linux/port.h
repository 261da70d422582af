/* Linux: every operation of os.h, by raw system calls. The facts and their sources: README.md beside this file. */
#ifndef FERRULE_LINUX_PORT_H
#define FERRULE_LINUX_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "core/text.h"

#if defined(__x86_64__)
#include "call_x86_64.h"
#elif defined(__aarch64__)
#include "call_aarch64.h"
#elif defined(__riscv) && __riscv_xlen == 64
#include "call_riscv64.h"
#else
#error "no raw system call is known for this architecture: add call_<arch>.h here"
#endif

/* Calls of four and five arguments: the others are 0. */
static inline long call4(long number, long a, long b, long c, long d) {
    return call6(number, a, b, c, d, 0, 0);
}

static inline long call5(long number, long a, long b, long c, long d, long e) {
    return call6(number, a, b, c, d, e, 0);
}

#define OS_NAME "linux"
/* Other kernels have schemes, named channels, calls in registers and messages to a process. */
#define OS_ABSENT                                                                                                      \
    "os_scheme_call os_channel_pair os_ipc_call os_message_address os_block os_main_thread "                           \
    "os_ipi os_alloc"

enum { LINUX_EINTR = 4, LINUX_EAGAIN = 11 };
enum { LINUX_CPU_WORDS = 16 }; /* 1024 CPUs: CONFIG_NR_CPUS of the distributions is at most 8192; CPUs in use are low */

struct linux_time {
    int64_t seconds;
    int64_t nanoseconds;
};

/* What start.c learned before program_main(). */
struct linux_start {
    long (*vdso_clock)(int32_t clock, struct linux_time *time); /* NULL: there is none, a system call is used */
    uint64_t page;                                              /* AT_PAGESZ */
    uint64_t cpus[LINUX_CPU_WORDS];                             /* affinity at the start */
    long pid;
    int thp_off; /* transparent huge pages were turned off for this program */
};
extern struct linux_start linux_start_state;

struct linux_rseq { /* struct rseq of <linux/rseq.h>, of which only the size and the alignment matter here */
    volatile uint32_t words[8];
} __attribute__((aligned(32)));

struct linux_event { /* epoll's; x86-64 alone packs it */
    uint32_t events;
    uint64_t data;
#if defined(__x86_64__)
} __attribute__((packed));
#else
};
#endif

/* --- what the payload needs ----------------------------------------------------------------------------------------
 */

__attribute__((noreturn)) static inline void os_exit(int status) {
    for (;;)
        call1(CALL_EXIT_GROUP, status);
}

#define OS_HAS_CLOCK
static inline long os_clock_read(uint64_t *ns) {
    struct linux_time now = {0, 0};
    enum { CLOCK_MONOTONIC = 1 };
    long result = linux_start_state.vdso_clock ? linux_start_state.vdso_clock(CLOCK_MONOTONIC, &now)
                                               : call2(CALL_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)&now);
    *ns = (uint64_t)now.seconds * 1000000000u + (uint64_t)now.nanoseconds;
    return result;
}

#define OS_HAS_CLOCK_CALL
static inline long os_clock_call(uint64_t *ns) {
    struct linux_time now = {0, 0};
    enum { CLOCK_MONOTONIC = 1 };
    long result = call2(CALL_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)&now);
    *ns = (uint64_t)now.seconds * 1000000000u + (uint64_t)now.nanoseconds;
    return result;
}

static inline uint64_t os_clock_ns(void) {
    uint64_t ns = 0;
    os_clock_read(&ns);
    return ns;
}

/* --- system calls ------------------------------------------------------------------------------------------------- */

#define OS_HAS_NULL_CALL
static inline long os_null_call(void) {
    return call0(CALL_GETPPID); /* getpid could be cached by someone; the parent can change at any time */
}

#define OS_HAS_PARENT
static inline long os_parent(void) {
    return call0(CALL_GETPPID);
}

#define OS_HAS_SIX_ARGUMENTS /* mmap of one page: its last argument is an offset, which is checked first */
static inline long os_six_arguments(long last) {
    enum { PROT_READ = 1, PRIVATE_ANONYMOUS = 0x22 };
    return call6(CALL_MMAP, 0, 4096, PROT_READ, PRIVATE_ANONYMOUS, -1, last);
}

#define OS_HAS_SYSTEM_NAME
static inline long os_system_name(char name[OS_SYSTEM_NAME]) {
    return call1(CALL_UNAME, (long)name);
}

#define OS_HAS_INVALID_CALL
enum { LINUX_INVALID_CALL = 4095 };
static inline long os_invalid_call(void) {
    return call0(LINUX_INVALID_CALL); /* far above the last number in use (under 500) and below every flag bit */
}

/* --- files and pipes ---------------------------------------------------------------------------------------------- */

#define OS_HAS_OPEN
#define LINUX_AT_FDCWD (-100L)
static inline long os_open(const char *path, unsigned how) {
    enum { O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100 };
    long flags = !(how & OS_WRITE) ? O_RDONLY : how & OS_READ ? O_RDWR : O_WRONLY;
    return call4(CALL_OPENAT, LINUX_AT_FDCWD, (long)path, how & OS_CREATE ? flags | O_CREAT : flags, 0600);
}

static inline long os_remove(const char *path) {
    return call3(CALL_UNLINKAT, LINUX_AT_FDCWD, (long)path, 0);
}

#define OS_HAS_FD
static inline long os_read(int fd, void *into, size_t length) {
    return call3(CALL_READ, fd, (long)into, (long)length);
}

static inline long os_write(int fd, const void *from, size_t length) {
    return call3(CALL_WRITE, fd, (long)from, (long)length);
}

static inline long os_close(int fd) {
    return call1(CALL_CLOSE, fd);
}

#include "descriptor.h"

#define OS_HAS_PIPE
static inline long os_pipe(int end[2]) {
    return call2(CALL_PIPE2, (long)end, 0);
}

#include "socket.h"
#include "rights.h"
#include "queue.h"

/* --- threads: clone(2) as pthread_create uses it, but without thread-local storage --- */

#define OS_HAS_THREAD
struct os_thread {
    volatile uint32_t alive; /* cleared and woken by the kernel when the thread is gone: CLONE_CHILD_CLEARTID */
};

static inline long os_wait(volatile uint32_t *word, uint32_t expected, uint64_t timeout_ns, int shared);

static inline long os_thread_start(struct os_thread *thread, void (*entry)(void *), void *argument, void *stack,
                                   size_t size) {
    enum {
        CLONE_VM = 0x100,
        CLONE_FS = 0x200,
        CLONE_FILES = 0x400,
        CLONE_SIGHAND = 0x800,
        CLONE_THREAD = 0x10000,
        CLONE_SYSVSEM = 0x40000,
        CLONE_CHILD_CLEARTID = 0x200000,
    };
    thread->alive = 1;
    long tid = call_clone_thread(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                                     CLONE_CHILD_CLEARTID,
                                 (char *)stack + size, &thread->alive, entry, argument);
    if (tid < 0)
        thread->alive = 0;
    return tid < 0 ? tid : 0;
}

static inline long os_thread_join(struct os_thread *thread) {
    while (thread->alive)
        os_wait(&thread->alive, 1, 0, 1); /* the kernel's own wake-up at exit is a shared one */
    return 0;
}

/* --- processes: clone(SIGCHLD) is fork
 * -------------------------------------------------------------------------------- */

#define OS_HAS_PROCESS
#define OS_FORKS 1
struct os_process {
    int32_t pid;
};

static inline long os_process_start(struct os_process *process, void (*entry)(void *), void *argument) {
    enum { SIGCHLD = 17, SIGKILL = 9, PR_SET_PDEATHSIG = 1 };
    process->pid = 0;
    if (!linux_start_state.pid)
        linux_start_state.pid = call0(CALL_GETPID);
    long pid = call5(CALL_CLONE, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        call5(CALL_PRCTL, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (call0(CALL_GETPPID) != linux_start_state.pid)
            os_exit(0); /* the parent had died already: no signal will come */
        /* This child's own pid is asked for only when it starts children itself. */
        linux_start_state.pid = 0;
        entry(argument);
        os_exit(0);
    }
    if (pid > 0)
        process->pid = (int32_t)pid;
    return pid < 0 ? pid : 0;
}

/* Exit status, or 128 + the signal that ended it. */
static inline long os_process_join(struct os_process *process) {
    int32_t status = 0;
    long pid;
    do
        pid = call4(CALL_WAIT4, process->pid, (long)&status, 0, 0);
    while (pid == -LINUX_EINTR);
    if (pid < 0)
        return pid;
    process->pid = 0;
    return (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
}

static inline long os_process_kill(struct os_process *process) {
    enum { SIGKILL = 9 };
    if (process->pid > 0) {
        call2(CALL_KILL, process->pid, SIGKILL);
        os_process_join(process);
    }
    return 0;
}

#include "program.h"
#include "signal.h"
#include "cgroup.h"
#include "filter.h"

/* What glibc does for every thread since 2.35, so that nearly every program pays for it: it registers an area with
 * rseq(2), into which the kernel writes the thread's CPU after each switch. One per program: a forked copy has its
 * own. */
#define OS_HAS_LIBRARY
extern struct linux_rseq linux_rseq_area;

static inline long linux_rseq(int32_t flags) {
    enum { BYTES = 32, SIGNATURE = 0x53053053 }; /* the area's first revision; the abort handlers' signature */
    return call4(CALL_RSEQ, (long)&linux_rseq_area, BYTES, flags, SIGNATURE);
}

static inline long os_library_enter(void) {
    return linux_rseq(0);
}

static inline long os_library_leave(void) {
    enum { RSEQ_FLAG_UNREGISTER = 1 };
    return linux_rseq(RSEQ_FLAG_UNREGISTER);
}

/* --- wait and wake ------------------------------------------------------------------------------------------------ */

#define OS_HAS_FUTEX
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_PRIVATE = 128 };

static inline long os_wait(volatile uint32_t *word, uint32_t expected, uint64_t timeout_ns, int shared) {
    struct linux_time timeout = {(int64_t)(timeout_ns / 1000000000u), (int64_t)(timeout_ns % 1000000000u)};
    return call4(CALL_FUTEX, (long)word, shared ? FUTEX_WAIT : FUTEX_WAIT | FUTEX_PRIVATE, expected,
                 timeout_ns ? (long)&timeout : 0);
}

static inline long os_wake(volatile uint32_t *word, uint32_t count, int shared) {
    return call3(CALL_FUTEX, (long)word, shared ? FUTEX_WAKE : FUTEX_WAKE | FUTEX_PRIVATE, count);
}

#include "semaphore.h"
#include "lock.h"

/* --- memory ------------------------------------------------------------------------------------------------------- */

enum { PROT_READ_WRITE = 3, MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20 };

static inline long linux_map(size_t length, int flags, int fd, void **at) {
    long result = call6(CALL_MMAP, 0, (long)length, PROT_READ_WRITE, flags, fd, 0);
    if (result < 0 && result > -4096)
        return result;
    *at = (void *)result;
    return 0;
}

#define OS_HAS_MAP
#define OS_PAGE (linux_start_state.page)
static inline long os_map(size_t length, void **at) {
    return linux_map(length, MAP_PRIVATE | MAP_ANONYMOUS, -1, at);
}

static inline long os_unmap(void *at, size_t length) {
    return call2(CALL_MUNMAP, (long)at, (long)length);
}

#define OS_HAS_MAP_SHARED
static inline long os_map_shared(size_t length, void **at) {
    return linux_map(length, MAP_SHARED | MAP_ANONYMOUS, -1, at);
}

#define OS_HAS_MEMORY_OBJECT
static inline long os_memory_object(size_t size) {
    long object = call2(CALL_MEMFD_CREATE, (long)"ferrule", 0);
    long result = object < 0 ? object : call2(CALL_FTRUNCATE, object, (long)size);
    if (result < 0 && object >= 0)
        os_close((int)object);
    return result < 0 ? result : object;
}

static inline long os_map_object(int object, size_t size, void **at) {
    return linux_map(size, MAP_SHARED, object, at);
}

#include "memory.h"

/* --- scheduling --------------------------------------------------------------------------------------------------- */

#define OS_HAS_YIELD /* no strict turns: who runs next is the scheduler's choice */
static inline long os_yield(void) {
    return call0(CALL_SCHED_YIELD);
}

#define OS_HAS_PIN
static inline long os_pin(unsigned cpu) {
    uint64_t mask[LINUX_CPU_WORDS] = {0}, any = 0;
    for (unsigned i = 0; i < LINUX_CPU_WORDS; i++)
        any |= linux_start_state.cpus[i];
    if (cpu >= 64 * LINUX_CPU_WORDS || (any && !(linux_start_state.cpus[cpu / 64] >> cpu % 64 & 1)))
        return -OS_EINVAL; /* not one of those that this program was given */
    mask[cpu / 64] = (uint64_t)1 << cpu % 64;
    return call3(CALL_SCHED_SETAFFINITY, 0, sizeof mask, (long)mask);
}

static inline long os_unpin(void) {
    return call3(CALL_SCHED_SETAFFINITY, 0, sizeof linux_start_state.cpus, (long)linux_start_state.cpus);
}

#define OS_HAS_CPU
static inline long os_cpu(void) {
    uint32_t cpu = 0;
    long result = call3(CALL_GETCPU, (long)&cpu, 0, 0);
    return result < 0 ? result : (long)cpu;
}

#define OS_HAS_CPUS
static inline long os_cpus(void) {
    long count = 0;
    for (unsigned i = 0; i < LINUX_CPU_WORDS; i++)
        for (uint64_t word = linux_start_state.cpus[i]; word; word &= word - 1)
            count++;
    return count;
}

#define OS_HAS_SWITCHES
static inline long os_switches(uint64_t *voluntary, uint64_t *involuntary) {
    enum { RUSAGE_THREAD = 1, NVCSW = 16, NIVCSW = 17 }; /* two timevals, then fourteen longs */
    int64_t usage[18] = {0};
    long result = call2(CALL_GETRUSAGE, RUSAGE_THREAD, (long)usage);
    *voluntary = (uint64_t)usage[NVCSW];
    *involuntary = (uint64_t)usage[NIVCSW];
    return result;
}

#define OS_HAS_SLEEP
static inline long os_sleep(uint64_t ns) {
    struct linux_time wait = {(int64_t)(ns / 1000000000u), (int64_t)(ns % 1000000000u)};
    return call2(CALL_NANOSLEEP, (long)&wait, (long)&wait);
}

#include "timer.h"

#endif
