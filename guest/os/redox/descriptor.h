/* Descriptors: their numbers, the calls that make them in every era, and sending them to another program. */
#ifndef FERRULE_REDOX_DESCRIPTOR_H
#define FERRULE_REDOX_DESCRIPTOR_H

#include "call.h"
#include "era.h"

/* Numbers for descriptors that are open only briefly; nothing else in this program uses them. Kernels before 2026-07
 * pick numbers themselves. */
enum redox_fixed { FD_CONSOLE = 1, FD_SPACE = 3, FD_SPACE_COPY, FD_FILES, FD_FILES_COPY, FD_SELECT, FD_QUEUE };
enum { FD_FIRST = 16, FD_COUNT = 2048 };
void redox_fd_give(long fd);

static inline long redox_close(long fd) {
    return redox_call1(CALL_CLOSE, fd);
}

/* Checks a number that the kernel picked: tables here are indexed by it. */
static inline long redox_within(long fd) {
    if (fd < FD_COUNT)
        return fd;
    redox_close(fd);
    return -REDOX_EMFILE;
}

/* The new descriptor is `wanted`, or the kernel's choice. */
static inline long redox_openat_to(long root, const char *path, size_t length, long flags, long wanted) {
    if (redox_start.era < ERA_2026_07)
        return redox_call5(CALL_OPENAT, root, (long)path, (long)length, flags, 0);
    long result = redox_call6(CALL_OPENAT_INTO, root, (long)path, (long)length, flags, 0, wanted);
    return result < 0 ? result : wanted;
}

static inline long redox_dup_to(long from, const void *what, size_t length, long wanted) {
    if (redox_start.era < ERA_2026_07)
        return redox_call3(CALL_DUP, from, (long)what, (long)length);
    long result = redox_call4(CALL_DUP_INTO, from, (long)what, (long)length, wanted);
    return result < 0 ? result : wanted;
}
#define REDOX_DUP_TO(from, what, wanted) redox_dup_to(from, what, sizeof what - 1, wanted)

/* The same with a number that is free. */
long redox_openat(long root, const char *path, size_t length, long flags);
long redox_dup(long from, const void *what, size_t length);
#define REDOX_DUP(from, what) redox_dup(from, what, sizeof what - 1)

/* Writes to one of a context's aspects; the kernel acts when it is closed. */
static inline long redox_set(long context, const char *aspect, size_t length, const void *words, size_t size) {
    long select = redox_dup_to(context, aspect, length, FD_SELECT);
    if (select < 0)
        return select;
    long result = redox_call3(CALL_WRITE, select, (long)words, (long)size);
    long closed = redox_close(select);
    return result < 0 ? result : closed;
}
#define REDOX_SET(context, aspect, words) redox_set(context, aspect, sizeof aspect - 1, words, sizeof words)

/* Over a pipe. The descriptor is closed here: it moves. */
long redox_send(int pipe, int fd);
long redox_receive(int pipe);

#endif
