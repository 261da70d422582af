/* Linux: operations on mappings besides making and removing them. */
#ifndef FERRULE_LINUX_MEMORY_H
#define FERRULE_LINUX_MEMORY_H

#define OS_HAS_PROTECT
static inline long os_protect(void *at, size_t length, int writable) {
    return call3(CALL_MPROTECT, (long)at, (long)length, writable ? PROT_READ_WRITE : 1);
}

#define OS_HAS_BREAK /* the kernel's call takes the new end and returns the resulting end */
static inline long os_break(long by) {
    enum { ENOMEM = 12 };
    long from = call1(CALL_BRK, 0);
    return !by || call1(CALL_BRK, from + by) == from + by ? from : -ENOMEM;
}

#define OS_HAS_MAP_COPY
static inline long os_map_copy(int object, size_t size, void **at) {
    return linux_map(size, MAP_PRIVATE, object, at);
}

#define OS_HAS_REMAP
static inline long os_remap(void *from, size_t length, size_t to, void **at) {
    enum { MREMAP_MAYMOVE = 1 };
    long result = call4(CALL_MREMAP, (long)from, (long)length, (long)to, MREMAP_MAYMOVE);
    if (result < 0 && result > -4096)
        return result;
    *at = (void *)result;
    return 0;
}

#define OS_HAS_DISCARD
static inline long os_discard(void *at, size_t length) {
    enum { MADV_DONTNEED = 4 };
    return call3(CALL_MADVISE, (long)at, (long)length, MADV_DONTNEED);
}

#endif
