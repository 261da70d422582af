/* Aero on x86-64: its own call numbers and constants. Facts and their source: README.md.
 *
 * Calls are entered as on Linux; only the numbers of read, write and close are Linux's. Texts are passed as address and
 * length. */
#ifndef FERRULE_AERO_CALL_H
#define FERRULE_AERO_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "errors.h"
#include "os/syscall_x86_64.h"

enum aero_call {
    CALL_READ = 0,
    CALL_WRITE = 1,
    CALL_OPEN = 2, /* (folder, path, length, flags, mode) */
    CALL_CLOSE = 3,
    CALL_SHUTDOWN = 4,
    CALL_EXIT = 5,
    CALL_FORK = 6,
    CALL_MMAP = 8,
    CALL_MUNMAP = 9,
    CALL_GETDENTS = 11, /* (fd, into, size): one entry */
    CALL_MKDIR = 14,    /* (path, length) */
    CALL_RMDIR = 16,    /* (path, length) */
    CALL_EXEC = 17,     /* (path, length, argument slices, count, environment slices, count) */
    CALL_LOG = 18,      /* (text, length): a line on the first serial port */
    CALL_UNAME = 19,
    CALL_WAITPID = 20, /* (pid, uint32_t *status, flags) */
    CALL_IOCTL = 21,   /* (fd, command, argument) */
    CALL_GETPID = 22,
    CALL_SOCKET = 23, /* (domain, type, protocol) */
    CALL_BIND = 25,   /* (fd, address, length) */
    CALL_LISTEN = 26, /* (fd, backlog) */
    CALL_SEEK = 28,   /* (fd, offset, from) */
    CALL_GETTIME = 30,
    CALL_SLEEP = 31,
    CALL_PIPE = 33,   /* (int end[2], flags) */
    CALL_UNLINK = 34, /* (folder, path, length, flags) */
    CALL_CLONE = 38,  /* (first instruction, stack) */
    CALL_SIGRETURN = 39,
    CALL_SIGACTION = 40, /* (signal, struct aero_action *, where a handler returns to, struct aero_action *old) */
    CALL_DUP = 42,       /* (fd, flags) */
    CALL_FCNTL = 43,     /* (fd, command, argument) */
    CALL_IPC_SEND = 45,
    CALL_IPC_RECV = 46,
    CALL_STAT = 49,  /* (path, length, status) */
    CALL_FSTAT = 50, /* (fd, path, length, flags, status) */
    CALL_EPOLL_CREATE = 52,
    CALL_EPOLL_PWAIT = 53, /* (epoll, events, count, timeout, signal mask by value) */
    CALL_EPOLL_CTL = 54,
    CALL_EVENTFD = 55,
    CALL_KILL = 56,
    CALL_FUTEX_WAIT = 57, /* (word, expected, struct aero_time *timeout) */
    CALL_FUTEX_WAKE = 58, /* (word) */
    CALL_POLL = 61,       /* (asked, count, struct aero_time *timeout, signal mask by value) */
    CALL_GETPPID = 66,
    CALL_SOCKETPAIR = 67, /* (domain, type, protocol, int end[2]) */
    CALL_MPROTECT = 69,
    CALL_GETSOCKNAME = 77, /* (fd, address, uint32_t *length) */
    CALL_NONE = 200,       /* far above the last one, which is 81 */
};

enum { AERO_AT_FDCWD = -100 };
enum { AERO_RDONLY = 0, AERO_WRONLY = 1, AERO_RDWR = 2, AERO_CREAT = 0100 };
enum { AERO_SEEK_CURRENT = 1, AERO_SEEK_SET = 3, AERO_GET_FLAGS = 3, AERO_SET_LOCK = 6, AERO_EMPTY_PATH = 0x1000 };
enum { AERO_BYTES_WAITING = 0x541B };                    /* ioctl: FIONREAD */
enum { AERO_STATUS_WORDS = 18, AERO_STATUS_LENGTH = 6 }; /* only the length in a file's status is used */
enum { AERO_PROT_READ = 1, AERO_PROT_READ_WRITE = 3 };
enum { AERO_MAP_PRIVATE = 1, AERO_MAP_SHARED = 2, AERO_MAP_ANONYMOUS = 8 };
enum { AERO_AF_INET = 1, AERO_AF_UNIX = 3 };
enum { AERO_SOCK_DATAGRAM = 1, AERO_SOCK_SEQPACKET = 3, AERO_SOCK_STREAM = 4 };
enum { AERO_SIGSEGV = 11, AERO_SIGTERM = 15 };
enum { AERO_EINTR = 1025 }; /* errors.c has them all */

struct aero_time {
    int64_t seconds;
    int64_t nanoseconds;
};

struct aero_action { /* a handler of 0: the default */
    uint64_t handler, flags, unused, mask;
};

struct aero_lock { /* on a file; length 0: on the whole file */
    int16_t kind, from;
    int64_t start, length;
    int32_t pid;
};

struct aero_internet { /* an address of AF_INET: the port and the four bytes of it in network order */
    uint32_t family;
    uint16_t port, unused;
    unsigned char address[4], padding[8];
};

struct aero_slice {
    const char *bytes;
    uint64_t length;
};

struct aero_event {
    uint32_t events;
    uint64_t data;
} __attribute__((packed));

struct aero_name {
    char system[65], node[65], release[65], version[65], machine[65], domain[65];
};

/* Translates the errors of every call but the cheapest; it costs one comparison where there is none. */
static inline long aero_result(long result) {
    return __builtin_expect(result < 0, 0) ? aero_errno(result) : result;
}

#endif
