/* The operations that a port may provide, on one page. `port.h` is the port's own (guest/os/<os>/, on the include
 * path): it defines OS_NAME, OS_ARCH, the raw ways in as `static inline` functions, and OS_HAS_<OPERATION> for each of
 * those below that it has. What it leaves out answers -OS_NOT_PORTED here: nobody has asked the kernel. Where the OS
 * has no such thing at all, the port names the operation in OS_ABSENT.
 *
 * Results: >= 0, or a negative errno (Linux's numbers, which Redox shares and Aero does not: its port translates). */
#ifndef FERRULE_OS_H
#define FERRULE_OS_H

#include <stddef.h>
#include <stdint.h>

/* Answers that are no kernel's: the port has no such call; the OS has no such thing. Errnos end at 4095. */
enum { OS_NOT_PORTED = 5000, OS_DOES_NOT_EXIST = 5001 };
enum { OS_ENOEXEC = 8, OS_EINVAL = 22, OS_ENOSYS = 38, OS_ETIMEDOUT = 110 };
#define OS_LEAVE "--leave" /* the payload's argument that makes it end at once: os_process_execute() */
enum { OS_EXECUTED = 86, OS_NOT_EXECUTED = 127 };  /* how that ends, or when it could not be loaded */
enum { OS_READ = 1, OS_WRITE = 2, OS_CREATE = 4 }; /* os_open: how */

typedef void (*os_entry)(void *argument);

struct os_poll { /* poll(2)'s, everywhere */
    int32_t fd;
    int16_t asked, ready;
};
enum { OS_POLL_READ = 1 };

struct os_request { /* what a scheme is asked to do something with: bytes of the caller's, seen by the server */
    void *bytes;
    size_t length;
};

/* --- the payload itself needs these of every port, and of its port.h
 * uint64_t os_clock_ns(void)   the OS's own monotonic clock
 * noreturn void os_exit(int status) */
void os_output(const char *bytes, size_t length); /* results, all of them, in order */
void os_complain(const char *text);               /* a line for people, outside the stream (stderr) */
/* Conditions worth knowing: kernel.release, cpu.model ... */
void os_facts(void (*fact)(void *, const char *name, const char *value), void *context);

#include "port.h"

/* What the start code calls: its result is the exit status. */
int program_main(int argc, char **argv);

#ifndef OS_HAS_REFUSAL /* why this kernel cannot be served at all, or NULL: said in the stream, and nothing is run */
static inline const char *os_refusal(void) {
    return NULL;
}
#endif

#ifndef OS_ABSENT /* operations that have no meaning on this OS, separated by spaces: "os_pipe os_process_start" */
#define OS_ABSENT ""
#endif

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter" /* what is missing looks at nothing */
#define OS_MISSING(name, ...)                                                                                          \
    static inline long name(__VA_ARGS__) {                                                                             \
        return -OS_NOT_PORTED;                                                                                         \
    }

/* --- syscalls */
#ifndef OS_HAS_NULL_CALL /* the cheapest call that really enters the kernel and looks at no argument */
OS_MISSING(os_null_call, void)
#endif
#ifndef OS_HAS_INVALID_CALL /* a call number that does not exist; the answer must be an error */
OS_MISSING(os_invalid_call, void)
#endif
#ifndef OS_HAS_PARENT /* the parent process's number, from whoever keeps processes: no cache of the program's own */
OS_MISSING(os_parent, void)
#endif
#ifndef OS_SERVED_SWITCHES /* context switches of a call on processes and devices: 2 where a daemon answers it */
#define OS_SERVED_SWITCHES 0
#endif
#ifndef OS_HAS_CLOCK /* CLOCK_MONOTONIC or its like by the cheapest true way (vDSO where there is one) */
OS_MISSING(os_clock_read, uint64_t *ns)
#endif

/* --- files and pipes */
#ifndef OS_NULL_DEVICE /* takes what is written to it and forgets it */
#define OS_NULL_DEVICE "/dev/null"
#endif
#ifndef OS_HAS_OPEN
OS_MISSING(os_open, const char *path, unsigned how)
OS_MISSING(os_remove, const char *path)
#endif
#ifndef OS_HAS_FD
OS_MISSING(os_read, int fd, void *into, size_t length)
OS_MISSING(os_write, int fd, const void *from, size_t length)
OS_MISSING(os_close, int fd)
#endif
#ifndef OS_ZERO_DEVICE /* gives as many zero bytes as are asked for */
#define OS_ZERO_DEVICE "/dev/zero"
#endif
#ifndef OS_HAS_POSITION /* where a descriptor stands in its file */
OS_MISSING(os_position, int fd)
#endif
#ifndef OS_HAS_FLAGS /* how a descriptor was opened (fcntl's F_GETFL) */
OS_MISSING(os_fd_flags, int fd)
#endif
#ifndef OS_HAS_DUP
OS_MISSING(os_dup, int fd)
#endif
#ifndef OS_HAS_OFFSETS /* reading and writing at a place; the descriptor's own position does not move */
OS_MISSING(os_read_at, int fd, void *into, size_t length, uint64_t offset)
OS_MISSING(os_write_at, int fd, const void *from, size_t length, uint64_t offset)
#endif
#ifndef OS_HAS_STATUS /* the length of a file, out of its status */
OS_MISSING(os_status_of_path, const char *path)
OS_MISSING(os_status_of_fd, int fd)
#endif
#ifndef OS_HAS_DIRECTORY /* a directory's entries, as many as fit, from where the descriptor stands; 0 at the end */
OS_MISSING(os_directory_make, const char *path)
OS_MISSING(os_directory_remove, const char *path)
OS_MISSING(os_directory_read, int fd, void *into, size_t size)
OS_MISSING(os_directory_rewind, int fd)
#endif
#ifndef OS_HAS_POLL /* how many of the descriptors can be read now; each one's `ready` is set */
OS_MISSING(os_poll, struct os_poll *asked, uint32_t count)
#endif
#ifndef OS_HAS_PIPE /* end[0] reads, end[1] writes */
OS_MISSING(os_pipe, int end[2])
#endif
#ifndef OS_HAS_SOCKET_PAIR /* two local stream sockets, connected: what is written to one is read from the other */
OS_MISSING(os_socket_pair, int end[2])
#endif

#ifndef OS_HAS_CHANNEL_PAIR /* two ends of a channel with a name (Redox), connected as those of a socket pair */
OS_MISSING(os_channel_pair, int end[2])
#endif
#ifndef OS_HAS_EVENTFD /* a descriptor around a counter: a read of eight bytes takes all of it and sleeps while it is  \
                          0 */
OS_MISSING(os_eventfd, uint64_t count)
#endif

/* --- threads: same address space. `stack` is the caller's, for kernels that make none themselves; struct os_thread is
 * the port's */
#ifndef OS_HAS_THREAD
struct os_thread {
    int unused;
};
OS_MISSING(os_thread_start, struct os_thread *thread, os_entry entry, void *argument, void *stack, size_t size)
OS_MISSING(os_thread_join, struct os_thread *thread)
#endif

/* --- processes: a new address space that starts as a copy of this one, runs entry(argument) and exits. OS_FORKS: it is
 * a whole copy, which may start others itself */
#ifndef OS_FORKS
#define OS_FORKS 0
#endif
#ifndef OS_HAS_PROCESS
struct os_process {
    int unused;
};
OS_MISSING(os_process_start, struct os_process *process, os_entry entry, void *argument)
OS_MISSING(os_process_join, struct os_process *process) /* its exit status: 0 when entry returned */
OS_MISSING(os_process_kill, struct os_process *process) /* and reap */
#endif

/* --- programs on a C library: a library tells the kernel of every thread it starts, and the kernel does its part at
 * each switch. os_library_enter() makes the calling thread such a one, with what it copies; os_library_leave() undoes
 * it */
#ifndef OS_HAS_LIBRARY
OS_MISSING(os_library_enter, void)
OS_MISSING(os_library_leave, void)
#endif

/* --- programs: a process that loads this program anew, which ends at once with status OS_EXECUTED (payload/main.c) */
#ifndef OS_HAS_EXECUTE
OS_MISSING(os_process_execute, struct os_process *process)
#endif

/* --- wait and wake: sleep while *word == expected (a timeout of 0 is for ever); `shared` across address spaces */
#ifndef OS_HAS_FUTEX
OS_MISSING(os_wait, volatile uint32_t *word, uint32_t expected, uint64_t timeout_ns, int shared)
OS_MISSING(os_wake, volatile uint32_t *word, uint32_t count, int shared)
#endif

/* --- threads that take strict turns, as kernels without preemption have them: the next ready thread of this core runs,
 * and the caller goes on when all of them have had their turn */
#ifndef OS_STRICT_TURNS /* 1: they do; 0: the scheduler chooses who runs next, and may choose the caller */
#define OS_STRICT_TURNS 0
#endif
#ifndef OS_HAS_YIELD
OS_MISSING(os_yield, void)
#endif
#ifndef OS_HAS_BLOCK /* hand-off by name: the caller sleeps until another thread wakes it; threads share one core */
OS_MISSING(os_block, void)
OS_MISSING(os_unblock, const struct os_thread *thread)
OS_MISSING(os_main_thread, struct os_thread *thread) /* the one that program_main() runs on */
#endif

/* --- semaphores of the kernel's own, between threads */
#ifndef OS_HAS_SEMAPHORE
struct os_semaphore {
    int unused;
};
OS_MISSING(os_semaphore_make, struct os_semaphore *semaphore, uint32_t count)
OS_MISSING(os_semaphore_wait, struct os_semaphore *semaphore) /* sleeps while the count is 0, then takes one */
OS_MISSING(os_semaphore_post, struct os_semaphore *semaphore)
OS_MISSING(os_semaphore_end, struct os_semaphore *semaphore)
#endif

/* --- messages in registers, where a kernel has them: the server runs on the caller's time */
#ifndef OS_HAS_IPC
OS_MISSING(os_ipc_call, const struct os_process *server, long message) /* sleeps until answered; returns the answer */
OS_MISSING(os_ipc_serve, long reply) /* answers the last caller, if any, sleeps until the next; returns its message */
#endif

/* --- messages to a process: copied, and queued at it until it receives them */
#ifndef OS_HAS_MESSAGE
OS_MISSING(os_message_address, const struct os_process *process)
OS_MISSING(os_message_send, long address, const void *bytes, size_t length)
OS_MISSING(os_message_receive, long *sender, void *into, size_t size) /* sleeps until one comes; returns its length */
#endif

/* --- schemes: one context answers calls that others make on descriptors of its making (Redox) */
#ifndef OS_HAS_SCHEME
struct os_scheme {
    int unused;
};
OS_MISSING(os_scheme_make, struct os_scheme *scheme) /* serves the caller's address space; the descriptor of its root */
OS_MISSING(os_scheme_serve, struct os_scheme *scheme, long answer, struct os_request *next) /* as os_ipc_serve */
OS_MISSING(os_scheme_end, struct os_scheme *scheme, long answer) /* answers the last caller, and no more */
OS_MISSING(os_scheme_open, int root)                             /* a file of the scheme; the server is asked */
OS_MISSING(os_scheme_call, int fd, void *bytes, size_t length)   /* the server reads and writes the bytes in place */
#endif

/* --- descriptors moved to another process: here it is closed, there it is open */
#ifndef OS_HAS_FD_PASSING
OS_MISSING(os_fd_line, int end[2]) /* what they travel through: end[0] receives, end[1] sends */
OS_MISSING(os_fd_send, int pipe, int fd)
OS_MISSING(os_fd_receive, int pipe) /* sleeps until one comes; -EPIPE when nobody can send any more */
#endif

/* --- event queues: sleep until one of many descriptors can be read (epoll and its like) */
#ifndef OS_HAS_EVENTS
OS_MISSING(os_events_open, void)
OS_MISSING(os_events_add, int queue, int fd)
OS_MISSING(os_events_wait, int queue) /* which one */
#endif

/* --- memory: private, zero-filled, read-write, not touched yet; os_map_shared is kept by process copies */
#ifndef OS_HAS_MAP
OS_MISSING(os_map, size_t length, void **at)
OS_MISSING(os_unmap, void *at, size_t length)
#endif
#ifndef OS_HAS_MAP_SHARED
OS_MISSING(os_map_shared, size_t length, void **at)
#endif
#ifndef OS_HAS_MEMORY_OBJECT /* memory behind a descriptor, which every mapping of it shows; os_unmap undoes one */
OS_MISSING(os_memory_object, size_t size)
OS_MISSING(os_map_object, int object, size_t size, void **at)
#endif
#ifndef OS_HAS_PROTECT /* whether mapped memory may be written to; it may always be read */
OS_MISSING(os_protect, void *at, size_t length, int writable)
#endif
#ifndef OS_HAS_BREAK /* the end of the program's heap, moved by so many bytes: where it was before (brk) */
OS_MISSING(os_break, long by)
#endif
#ifndef OS_PAGE
#define OS_PAGE 4096
#endif
#ifndef OS_MAP_PRESENT /* 1: os_map gives memory that is there at once, with whatever was in it, so it never faults */
#define OS_MAP_PRESENT 0
#endif
#ifndef OS_HAS_ALLOC /* the kernel's own allocator; the caller says the size again when it gives the memory back */
OS_MISSING(os_alloc, size_t size, size_t alignment, void **at)
OS_MISSING(os_free, void *at, size_t size, size_t alignment)
#endif

/* --- scheduling */
#ifndef OS_HAS_PIN
OS_MISSING(os_pin, unsigned cpu) /* the calling thread */
OS_MISSING(os_unpin, void)       /* back to the CPUs it had at the start */
#endif
#ifndef OS_HAS_CPU
OS_MISSING(os_cpu, void) /* where the caller runs now */
#endif
#ifndef OS_HAS_CPUS
OS_MISSING(os_cpus, void) /* how many it may run on */
#endif
#ifndef OS_HAS_SWITCHES /* of the calling thread so far */
OS_MISSING(os_switches, uint64_t *voluntary, uint64_t *involuntary)
#endif
#ifndef OS_HAS_SLEEP
OS_MISSING(os_sleep, uint64_t ns)
#endif
#ifndef OS_HAS_IPI /* interrupts another CPU out of its halt and halts until that has answered by an interrupt */
OS_MISSING(os_ipi, void)
#endif

#pragma GCC diagnostic pop

#endif
