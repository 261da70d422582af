/* Descriptors: which numbers are free, pipes, event queues, and sending them from one program to another. */
#include "os/os.h"

uint64_t redox_root[ROOTS];

enum { BITS = 64, FIXED = (1 << FD_FIRST) - 1 };
static uint64_t in_use[FD_COUNT / BITS] = {FIXED};

/* Threads share the numbers as they share the descriptors. */
long redox_fd_take(void) {
    for (long i = 0; i < FD_COUNT / BITS; i++) {
        uint64_t seen = __atomic_load_n(&in_use[i], __ATOMIC_RELAXED);
        while (~seen) {
            int bit = __builtin_ctzll(~seen);
            if (__atomic_compare_exchange_n(&in_use[i], &seen, seen | 1ull << bit, 0, __ATOMIC_ACQ_REL,
                                            __ATOMIC_RELAXED))
                return i * BITS + bit;
        }
    }
    return -REDOX_EMFILE;
}

void redox_fd_give(long fd) {
    if (fd >= FD_FIRST && fd < FD_COUNT)
        __atomic_and_fetch(&in_use[fd / BITS], ~(1ull << fd % BITS), __ATOMIC_ACQ_REL);
}

/* The number, or the error of what was to be there. */
static long keep(long fd, long result) {
    if (result >= 0)
        return fd;
    redox_fd_give(fd);
    return result;
}

long os_pipe(int end[2]) {
    long reads = redox_fd_take(), writes = redox_fd_take();
    if (reads < 0 || writes < 0) {
        redox_fd_give(reads);
        return -REDOX_EMFILE;
    }
    long opened = keep(reads, redox_open_into(redox_root[ROOT_PIPE], "", 0, READ_WRITE, reads));
    long result = keep(writes, opened < 0 ? opened : REDOX_DUP_INTO(reads, "write", writes));
    if (result < 0 && opened >= 0)
        os_close((int)reads);
    if (result < 0)
        return result;
    end[0] = (int)reads;
    end[1] = (int)writes;
    return 0;
}

long os_events_open(void) {
    long fd = redox_fd_take();
    return fd < 0 ? fd : keep(fd, redox_open_into(redox_root[ROOT_EVENT], "", 0, READ_WRITE, fd));
}

/* The descriptor is closed here: it moves. */
long os_fd_send(int pipe, int fd) {
    uint64_t sent = (uint64_t)fd;
    long result = redox_call5(CALL_CALL, pipe, (long)&sent, sizeof sent, WITH_DESCRIPTOR | TO_SCHEME, 0);
    if (result >= 0)
        redox_fd_give(fd);
    return result;
}

long os_fd_receive(int pipe) {
    long fd = redox_fd_take();
    if (fd < 0)
        return fd;
    uint64_t wanted = (uint64_t)fd;
    long got = redox_call5(CALL_CALL, pipe, (long)&wanted, sizeof wanted,
                           WITH_DESCRIPTOR | FROM_SCHEME | CHOSEN_DESCRIPTOR, 0);
    return keep(fd, got == 0 ? -REDOX_EPIPE : got); /* 0: nobody can send any more */
}
