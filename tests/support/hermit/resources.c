/* Descriptors and memory. */
#include "stub.h"

/* --- descriptors: an event counter, the file that says the version, and one file under /tmp */

enum { OPEN_MOST = 16 };
enum kind { CLOSED, EVENT, VERSION, TEMPORARY };
static struct {
    enum kind kind;
    uint64_t count; /* of an event; else where the next read or write is */
} opened[OPEN_MOST];
static struct {
    char path[64], content[1 << 16];
    size_t length;
} temporary;

static int same(const char *a, const char *b) {
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static int32_t new_fd(enum kind kind, uint64_t count) {
    for (int fd = 3; fd < OPEN_MOST; fd++)
        if (opened[fd].kind == CLOSED) {
            opened[fd].kind = kind;
            opened[fd].count = count;
            return fd;
        }
    return -EINVAL;
}

int32_t sys_open(const char *path, int32_t flags, uint32_t mode) {
    enum { O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100 };
    MUST(path != NULL && path[0] == '/');
    MUST((flags & ~(O_WRONLY | O_RDWR | O_CREAT)) == 0 && (flags & 3) != 3);
    MUST(!(flags & O_CREAT) || (mode & ~0777u) == 0);
    if (same(path, "/proc/version"))
        return new_fd(VERSION, 0);
    if (flags & O_CREAT) {
        MUST(length_of(path) < sizeof temporary.path);
        for (size_t i = 0; i <= length_of(path); i++)
            temporary.path[i] = path[i];
        temporary.length = 0;
    }
    return temporary.path[0] && same(path, temporary.path) ? new_fd(TEMPORARY, 0) : -ENOENT;
}

int32_t sys_close(int32_t fd) {
    if (fd < 3 || fd >= OPEN_MOST || opened[fd].kind == CLOSED)
        return -EBADF;
    opened[fd].kind = CLOSED;
    return 0;
}

int32_t sys_unlink(const char *path) {
    MUST(path != NULL && same(path, temporary.path));
    temporary.path[0] = 0;
    return 0;
}

int32_t sys_eventfd(uint64_t count, int16_t flags) {
    MUST(flags == 0);
    return new_fd(EVENT, count);
}

int64_t sys_read(int32_t fd, void *into, size_t length) {
    MUST(into != NULL);
    if (fd < 3 || fd >= OPEN_MOST || opened[fd].kind == CLOSED)
        return -EBADF;
    if (opened[fd].kind == EVENT) {
        MUST(length >= 8);
        while (!opened[fd].count)
            sys_yield();
        *(uint64_t *)into = opened[fd].count;
        opened[fd].count = 0;
        return 8;
    }
    const char *content = opened[fd].kind == VERSION ? "Hermit version 0.13.0 # UTC 2026" : temporary.content;
    size_t end = opened[fd].kind == VERSION ? length_of(content) : temporary.length, done = 0;
    while (done < length && opened[fd].count < end)
        ((char *)into)[done++] = content[opened[fd].count++];
    return (int64_t)done;
}

int64_t sys_write(int32_t fd, const void *from, size_t length) {
    MUST(from != NULL);
    if (fd == 1 || fd == 2)
        return linux(LINUX_WRITE, fd, (long)from, (long)length, 0);
    if (fd < 3 || fd >= OPEN_MOST || opened[fd].kind == CLOSED)
        return -EBADF;
    if (opened[fd].kind == EVENT) {
        MUST(length >= 8);
        opened[fd].count += *(const uint64_t *)from;
        return 8;
    }
    MUST(opened[fd].kind == TEMPORARY && opened[fd].count + length <= sizeof temporary.content);
    for (size_t i = 0; i < length; i++)
        temporary.content[opened[fd].count++] = ((const char *)from)[i];
    temporary.length = opened[fd].count;
    return (int64_t)length;
}

/* --- memory */

#ifndef WITHOUT_MMAN
int32_t sys_mmap(size_t length, uint32_t protection, void **at) {
    MUST(length > 0 && protection == 3 && at != NULL);
    length = (length + 4095) & ~(size_t)4095;
    long result = map(length);
    MUST(result > 0); /* the kernel panics when it has none */
    rubbish((void *)result, length);
    *at = (void *)result;
    return 0;
}

int32_t sys_munmap(void *at, size_t length) {
    MUST(at != NULL && (uintptr_t)at % 4096 == 0 && length > 0);
    return (int32_t)linux(LINUX_MUNMAP, (long)at, (long)length, 0, 0);
}
#endif

static struct {
    char *at;
    size_t size, alignment;
} pieces[4];

void *sys_malloc(size_t size, size_t alignment) {
    MUST(size > 0 && alignment > 0 && (alignment & (alignment - 1)) == 0 && alignment <= 4096);
    for (int i = 0; i < 4; i++)
        if (!pieces[i].at) {
            pieces[i].at = (char *)map(size);
            pieces[i].size = size;
            pieces[i].alignment = alignment;
            rubbish(pieces[i].at, size);
            return pieces[i].at;
        }
    return NULL;
}

void sys_free(void *at, size_t size, size_t alignment) {
    int known = 0;
    for (int i = 0; i < 4; i++)
        if (at && pieces[i].at == at) {
            MUST(pieces[i].size == size && pieces[i].alignment == alignment);
            linux(LINUX_MUNMAP, (long)at, (long)size, 0, 0);
            pieces[i].at = NULL;
            known = 1;
        }
    MUST(known);
}
