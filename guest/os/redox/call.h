/* The calls of the Redox kernel in use here: numbers, layouts and the raw way in. Sources and dates: README.md. */
#ifndef FERRULE_REDOX_CALL_H
#define FERRULE_REDOX_CALL_H

#include <stddef.h>
#include <stdint.h>

#if !defined(__x86_64__)
#error "the Redox port is written for x86_64 alone"
#endif

enum redox_call {
    CALL_EXIT = 1, /* until 2025-04: since then a daemon keeps the processes */
    CALL_GETPID = 20,
    CALL_GETPPID = 64,
    CALL_MPROTECT = 125,
    CALL_MREMAP = 155, /* (address, size, new address, new size, protection) */
    CALL_YIELD = 158,
    CALL_NANOSLEEP = 162,
    CALL_FUTEX = 240,
    CALL_CLOCK_GETTIME = 265,
    CALL_INVALID = 4095,
    CALL_UNLINK = 0x1000000A, /* until 2026-01, like OPEN: the kernel kept the namespaces */
    CALL_UNLINKAT = 0x10000107,
    CALL_OPEN = 0x10100005,
    CALL_OPENAT = 0x10100007, /* 2025-07 to 2026-06, like DUP: the kernel picked the descriptor */
    CALL_OPENAT_INTO = 0x101003DB,
    CALL_CLOSE = 0x20000006,
    CALL_LSEEK = 0x20000013,
    CALL_FCNTL = 0x20000037,
    CALL_FUNMAP = 0x2000005C,
    CALL_DUP = 0x20100029,
    CALL_DUP_INTO = 0x201003DC,
    CALL_WRITE = 0x21000004,
    CALL_WRITE2 = 0x2100002D, /* (fd, bytes, length, offset, flags; all ones: the descriptor's own) */
    CALL_FMAP = 0x21000384,
    CALL_READ = 0x22000003,
    CALL_FSTAT = 0x2200001C,
    CALL_READ2 = 0x22000023, /* as WRITE2 */
    CALL_CALL = 0x2300CA11,
};

enum {
    REDOX_EINTR = 4,
    REDOX_EBADF = 9,
    REDOX_EAGAIN = 11,
    REDOX_EEXIST = 17,
    REDOX_EINVAL = 22,
    REDOX_EMFILE = 24,
    REDOX_EPIPE = 32,
    REDOX_ENOSYS = 38,
};

/* SYS_CALL: flags and, in the lowest byte, how many words of metadata there are */
enum { TO_SCHEME = 0x200, FROM_SCHEME = 0x400, WITH_DESCRIPTOR = 0x800, CHOSEN_DESCRIPTOR = 0x4000 };
enum { READ_ONLY = 0x10000, WRITE_ONLY = 0x20000, READ_WRITE = 0x30000 };                             /* to open */
enum { CLOSE_ON_EXECUTE = 0x1000000, CREATE = 0x2000000, DIRECTORY = 0x10000000, MODE_OWNER = 0600 }; /* the same */
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, PROTECTION_WRITE = 0x20000, PROTECTION_READ = 0x40000 };      /* to map */
enum { SEEK_CURRENT = 1, GET_FLAGS = 3, OWN_FLAGS = -1 };
enum { CLOCK_MONOTONIC = 4 };
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1 };
enum { EVENT_READ = 1 };
enum { PROCESS_WAIT = 0, PROCESS_EXIT = 2, PROCESS_PARENT = 12 }; /* SYS_CALL on a process */
enum { SIGNAL_KILL = 9 };
enum { VERB_IO_PORTS = 255 }; /* SYS_CALL on a context: let it use I/O ports */
#define VERB_END UINT64_MAX   /* written to a context: ends it */
enum { SCHEME_CANCEL = 25, SCHEME_CLOSED = 27, SCHEME_CALL = 28, SCHEME_OPEN_AT = 29, SCHEME_DETACHED = 34 };

struct redox_time {
    int64_t seconds;
    int32_t nanoseconds, unused;
};

struct redox_map {
    uint64_t offset, size, flags, address;
};

/* Only the length in a file's status is used: word 4. */
struct redox_file_status {
    uint64_t before[4], length, after[8];
};

struct redox_event {
    uint64_t descriptor, flags, data;
};

/* Context status as it is read: one word, and for an exception three more. */
enum { CONTEXT_EXCEPTION = 6 };
struct redox_status {
    uint64_t status, kind, code, address;
};

/* What a read of a process's descriptor returns: its pid comes first. */
struct redox_process {
    uint32_t pid, others[15];
};

/* What a scheme reads: a request. `argument` of a call: number of the file, address, length, metadata. */
struct redox_request {
    uint8_t operation, flags;
    uint16_t reserved;
    uint32_t tag;
    uint64_t argument[6], caller;
};

/* What a scheme writes: an answer. */
struct redox_answer {
    uint8_t kind, extra[3];
    uint32_t tag;
    uint64_t result;
};

/* "dup" of a scheme's socket: a file of the scheme, made by itself. */
struct redox_new_file {
    uint64_t offset, number, flags;
    uint8_t internal, unused[7];
};

_Static_assert(sizeof(struct redox_request) == 64 && sizeof(struct redox_answer) == 16, "as the kernel has them");
_Static_assert(sizeof(struct redox_file_status) == 104, "as the kernel has it");
_Static_assert(sizeof(struct redox_new_file) == 32 && sizeof(struct redox_event) == 24, "as the kernel has them");

/* SYSCALL overwrites RCX and R11 (SDM vol. 2B); the kernel keeps every other register. */
static inline long redox_call5(long number, long a, long b, long c, long d, long e) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return number;
}

/* One more argument: the number that a new descriptor is to have. */
static inline long redox_call6(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return number;
}

static inline long redox_call4(long number, long a, long b, long c, long d) {
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return number;
}

static inline long redox_call3(long number, long a, long b, long c) {
    __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return number;
}

static inline long redox_call2(long number, long a, long b) {
    __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b) : "rcx", "r11", "memory");
    return number;
}

static inline long redox_call1(long number, long a) {
    __asm__ volatile("syscall" : "+a"(number) : "D"(a) : "rcx", "r11", "memory");
    return number;
}

static inline long redox_call0(long number) {
    __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
    return number;
}

#endif
