/* Linux on x86-64: its call numbers, and a thread's first instruction. */
#ifndef FERRULE_CALL_X86_64_H
#define FERRULE_CALL_X86_64_H

#include <stdint.h>

#include "os/syscall_x86_64.h"

#define OS_ARCH          "x86_64"
#define LINUX_VDSO_CLOCK "__vdso_clock_gettime"

enum linux_call {
    CALL_READ = 0,
    CALL_WRITE = 1,
    CALL_CLOSE = 3,
    CALL_FSTAT = 5,
    CALL_LSEEK = 8,
    CALL_MMAP = 9,
    CALL_MPROTECT = 10,
    CALL_MUNMAP = 11,
    CALL_BRK = 12,
    CALL_SIGACTION = 13,
    CALL_RT_SIGPROCMASK = 14,
    CALL_RT_SIGRETURN = 15,
    CALL_IOCTL = 16,
    CALL_PREAD64 = 17,
    CALL_PWRITE64 = 18,
    CALL_SCHED_YIELD = 24,
    CALL_MREMAP = 25,
    CALL_MADVISE = 28,
    CALL_DUP = 32,
    CALL_NANOSLEEP = 35,
    CALL_GETPID = 39,
    CALL_SOCKET = 41,
    CALL_CONNECT = 42,
    CALL_SENDMSG = 46,
    CALL_RECVMSG = 47,
    CALL_BIND = 49,
    CALL_LISTEN = 50,
    CALL_GETSOCKNAME = 51,
    CALL_SOCKETPAIR = 53,
    CALL_SETSOCKOPT = 54,
    CALL_CLONE = 56,
    CALL_EXECVE = 59,
    CALL_EXIT = 60,
    CALL_WAIT4 = 61,
    CALL_KILL = 62,
    CALL_UNAME = 63,
    CALL_SEMGET = 64,
    CALL_SEMOP = 65,
    CALL_SEMCTL = 66,
    CALL_FCNTL = 72,
    CALL_FLOCK = 73,
    CALL_FTRUNCATE = 77,
    CALL_CHDIR = 80,
    CALL_GETRUSAGE = 98,
    CALL_GETPPID = 110,
    CALL_SETSID = 112,
    CALL_RT_SIGTIMEDWAIT = 128,
    CALL_PERSONALITY = 135,
    CALL_STATFS = 137,
    CALL_SCHED_SETSCHEDULER = 144,
    CALL_PRCTL = 157,
    CALL_CHROOT = 161,
    CALL_SYNC = 162,
    CALL_MOUNT = 165,
    CALL_UMOUNT2 = 166,
    CALL_REBOOT = 169,
    CALL_FUTEX = 202,
    CALL_SCHED_SETAFFINITY = 203,
    CALL_SCHED_GETAFFINITY = 204,
    CALL_GETDENTS64 = 217,
    CALL_CLOCK_GETTIME = 228,
    CALL_CLOCK_NANOSLEEP = 230,
    CALL_EXIT_GROUP = 231,
    CALL_EPOLL_CTL = 233,
    CALL_MQ_OPEN = 240,
    CALL_MQ_UNLINK = 241,
    CALL_MQ_TIMEDSEND = 242,
    CALL_MQ_TIMEDRECEIVE = 243,
    CALL_OPENAT = 257,
    CALL_MKDIRAT = 258,
    CALL_MKNODAT = 259,
    CALL_FSTATAT = 262,
    CALL_UNLINKAT = 263,
    CALL_SYMLINKAT = 266,
    CALL_PSELECT6 = 270,
    CALL_PPOLL = 271,
    CALL_EPOLL_PWAIT = 281,
    CALL_TIMERFD_CREATE = 283,
    CALL_TIMERFD_SETTIME = 286,
    CALL_ACCEPT4 = 288,
    CALL_EVENTFD2 = 290,
    CALL_EPOLL_CREATE1 = 291,
    CALL_DUP3 = 292,
    CALL_PIPE2 = 293,
    CALL_GETCPU = 309,
    CALL_FINIT_MODULE = 313,
    CALL_SECCOMP = 317,
    CALL_MEMFD_CREATE = 319,
    CALL_RSEQ = 334,
};

/* clone(2) with a stack of its own: the child pops entry and argument from that stack, calls entry, and ends its
 * thread. Order of the arguments here: flags, stack, parent_tid, child_tid, tls. */
static inline long call_clone_thread(unsigned long flags, void *stack_end, volatile uint32_t *child_tid,
                                     void (*entry)(void *), void *argument) {
    uint64_t *top = (uint64_t *)((uintptr_t)stack_end & ~(uintptr_t)15) - 2;
    top[0] = (uintptr_t)entry;
    top[1] = (uintptr_t)argument;
    long result;
    register volatile uint32_t *r10 __asm__("r10") = child_tid;
    register long r8 __asm__("r8") = 0;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "pop %%rax\n\t"
                     "pop %%rdi\n\t"
                     "call *%%rax\n\t"
                     "xor %%edi, %%edi\n\t"
                     "mov %[exit], %%eax\n\t"
                     "syscall\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(result)
                     : "a"((long)CALL_CLONE), "D"(flags), "S"(top), "d"(0L), "r"(r10), "r"(r8), [exit] "i"(CALL_EXIT)
                     : "rcx", "r11", "memory");
    return result;
}

#define LINUX_START START_AT("linux_start")

#endif
