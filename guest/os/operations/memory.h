/* Memory: mapped, shared, protected, allocated. */
#ifndef FERRULE_OPERATIONS_MEMORY_H
#define FERRULE_OPERATIONS_MEMORY_H

/* --- memory: private, zero-filled, read-write, not touched yet; copies of the process share os_map_shared's */
#ifndef OS_HAS_MAP
OS_MISSING(os_map, size_t length, void **at)
OS_MISSING(os_unmap, void *at, size_t length)
#endif
#ifndef OS_HAS_MAP_SHARED
OS_MISSING(os_map_shared, size_t length, void **at)
#endif
#ifndef OS_HAS_MEMORY_OBJECT /* memory behind a descriptor, shared by all its mappings; os_unmap removes one */
OS_MISSING(os_memory_object, size_t size)
OS_MISSING(os_map_object, int object, size_t size, void **at)
#endif
#ifndef OS_HAS_MAP_COPY /* a private mapping of it: a page written to becomes a copy, for this mapping alone */
OS_MISSING(os_map_copy, int object, size_t size, void **at)
#endif
#ifndef OS_HAS_REMAP /* makes a mapping longer or shorter, and may move it */
OS_MISSING(os_remap, void *from, size_t length, size_t to, void **at)
#endif
#ifndef OS_HAS_DISCARD /* drops the contents of these pages: they read as zero afterwards */
OS_MISSING(os_discard, void *at, size_t length)
#endif
#ifndef OS_HAS_PROTECT /* whether mapped memory may be written to; it may always be read */
OS_MISSING(os_protect, void *at, size_t length, int writable)
#endif
/* For a verify: tries to write a byte to memory that must not be writable. The kernel does it, and has to refuse; or,
 * where there are no pipes, a thread, which has to be ended for it. An error: it could not be tried. */
#ifdef OS_HAS_PIPE
static inline long os_try_write(void *at) {
    int end[2];
    long made = os_pipe(end);
    if (made < 0)
        return made;
    long sent = os_write(end[1], "", 1);
    os_read(end[0], at, 1);
    os_close(end[0]);
    os_close(end[1]);
    return sent == 1 ? 0 : -OS_EINVAL;
}
#else
static inline void os_write_there(void *at) {
    *(volatile char *)at = 0;
}

static inline long os_try_write(void *at) {
    struct os_thread thread;
    long started = os_thread_start(&thread, os_write_there, at, NULL, 0);
    if (started >= 0)
        os_thread_join(&thread);
    return started < 0 ? started : 0;
}
#endif
#ifndef OS_HAS_BREAK /* moves the end of the program's heap by that many bytes; returns where it was before (brk) */
OS_MISSING(os_break, long by)
#endif
#ifndef OS_PAGE
#define OS_PAGE 4096
#endif
#ifndef OS_MAP_PRESENT /* 1: os_map's memory is present at once and not cleared, so it never faults */
#define OS_MAP_PRESENT 0
#endif
#ifndef OS_HAS_ALLOC /* the kernel's own allocator; the caller passes the size again when it frees the memory */
OS_MISSING(os_alloc, size_t size, size_t alignment, void **at)
OS_MISSING(os_free, void *at, size_t size, size_t alignment)
#endif

#endif
