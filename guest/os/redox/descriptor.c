/* Descriptors: which numbers are free, the calls that make them in every era, and sending them to another program. */
#include "descriptor.h"

#include "os/operations/types.h"

enum { BITS = 64, FIXED = (1 << FD_FIRST) - 1 };
static uint64_t in_use[FD_COUNT / BITS] = {FIXED};

/* Threads share the numbers as they share the descriptors. */
static long take(void) {
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

/* The number belongs to a descriptor that the program was started with: it stays taken, and the next one is tried. */
static int is_inherited(long result) {
    return redox_start.era == ERA_2026_07 && result == -REDOX_EEXIST;
}

long redox_openat(long root, const char *path, size_t length, long flags) {
    if (redox_start.era < ERA_2026_07)
        return redox_within(redox_openat_to(root, path, length, flags, 0));
    long fd, result;
    do {
        if ((fd = take()) < 0)
            return fd;
        result = redox_openat_to(root, path, length, flags, fd);
    } while (is_inherited(result));
    if (result < 0)
        redox_fd_give(fd);
    return result;
}

long redox_dup(long from, const void *what, size_t length) {
    if (redox_start.era < ERA_2026_07)
        return redox_within(redox_dup_to(from, what, length, 0));
    long fd, result;
    do {
        if ((fd = take()) < 0)
            return fd;
        result = redox_dup_to(from, what, length, fd);
    } while (is_inherited(result));
    if (result < 0)
        redox_fd_give(fd);
    return result;
}

long redox_send(int pipe, int fd) {
    uint64_t sent = (uint64_t)fd;
    if (redox_start.era < ERA_2026_01)
        return -OS_NOT_PORTED; /* SENDFD was another call then */
    long result = redox_call5(CALL_CALL, pipe, (long)&sent, sizeof sent, WITH_DESCRIPTOR | TO_SCHEME, 0);
    if (result >= 0)
        redox_fd_give(fd);
    return result;
}

long redox_receive(int pipe) {
    long fd, got;
    uint64_t number = 0;
    if (redox_start.era < ERA_2026_01)
        return -OS_NOT_PORTED; /* SENDFD was another call then */
    if (redox_start.era < ERA_2026_07) {
        got = redox_call5(CALL_CALL, pipe, (long)&number, sizeof number, WITH_DESCRIPTOR | FROM_SCHEME, 0);
        return got == 0 ? -REDOX_EPIPE : got < 0 ? got : redox_within((long)number); /* 0: no sender is left */
    }
    do {
        if ((fd = take()) < 0)
            return fd;
        number = (uint64_t)fd;
        got = redox_call5(CALL_CALL, pipe, (long)&number, sizeof number,
                          WITH_DESCRIPTOR | FROM_SCHEME | CHOSEN_DESCRIPTOR, 0);
    } while (is_inherited(got));
    if (got > 0)
        return fd;
    redox_fd_give(fd);
    return got == 0 ? -REDOX_EPIPE : got;
}
