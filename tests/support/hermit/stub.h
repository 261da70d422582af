/* A stand-in for Hermit's kernel library, to run the port's payload as a program of Linux: the functions that the port
 * calls, written from their documented behaviour (tests/support/hermit/abi.py has the table with its sources). They
 * check their arguments: one that the real functions would refuse, or panic on, ends the program with status 99.
 *
 * Threads are cooperative and share one core. Memory that is mapped or allocated holds rubbish, as the kernel's may. */
#ifndef STUB_H
#define STUB_H

#include <stddef.h>
#include <stdint.h>

struct time {
    int64_t seconds;
    int32_t nanoseconds;
    uint32_t padding; /* never written by the kernel: holds rubbish, too */
};

/* --- errors and calls of Linux */

enum { EBADF = 9, EAGAIN = 11, ENOENT = 2, EINVAL = 22, ENOSYS = 38, ETIMEDOUT = 110 };
enum { LINUX_READ, LINUX_WRITE, LINUX_MMAP = 9, LINUX_MUNMAP = 11, LINUX_NANOSLEEP = 35, LINUX_EXIT = 231 };
enum { LINUX_CLOCK_GETTIME = 228 };

static inline long linux(long number, long a, long b, long c, long d) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = -1;
    register long r9 __asm__("r9") = 0;
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return number;
}

static inline size_t length_of(const char *text) {
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

static inline void say(int fd, const char *text) {
    linux(LINUX_WRITE, fd, (long)text, (long)length_of(text), 0);
}

__attribute__((noreturn)) static inline void leave(int status) {
    for (;;)
        linux(LINUX_EXIT, status, 0, 0, 0);
}

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            say(2, "stub: ");                                                                                          \
            say(2, __func__);                                                                                          \
            say(2, ": not so: " #condition "\n");                                                                      \
            leave(99);                                                                                                 \
        }                                                                                                              \
    } while (0)

static inline void rubbish(void *at, size_t length) {
    for (size_t i = 0; i < length; i++)
        ((volatile unsigned char *)at)[i] = 0xa5;
}

static inline uint64_t now_ns(void) {
    int64_t now[2];
    linux(LINUX_CLOCK_GETTIME, 1, (long)now, 0, 0);
    return (uint64_t)now[0] * 1000000000u + (uint64_t)now[1];
}

static inline long map(size_t length) {
    enum { READ_WRITE = 3, PRIVATE_ANONYMOUS = 0x22 };
    return linux(LINUX_MMAP, 0, (long)length, READ_WRITE, PRIVATE_ANONYMOUS);
}

void sys_yield(void);

#endif
