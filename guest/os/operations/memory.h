/* Memory: mapped, shared, protected, allocated. */
#ifndef FERRULE_OPERATIONS_MEMORY_H
#define FERRULE_OPERATIONS_MEMORY_H

/* --- memory: private, zero-filled, read-write, not touched yet; os_map_shared is kept by process copies */
#ifndef OS_HAS_MAP
OS_MISSING(os_map, size_t length, void **at)
OS_MISSING(os_unmap, void *at, size_t length)
#endif
#ifndef OS_HAS_MAP_SHARED
OS_MISSING(os_map_shared, size_t length, void **at)
#endif
#ifndef OS_HAS_MEMORY_OBJECT /* memory behind a descriptor, which every mapping of it shows; os_unmap undoes one */
OS_MISSING(os_memory_object, size_t size)
OS_MISSING(os_map_object, int object, size_t size, void **at)
#endif
#ifndef OS_HAS_MAP_COPY /* the same for one's own: what is written to a page becomes a copy of it, for this mapping    \
                           alone */
OS_MISSING(os_map_copy, int object, size_t size, void **at)
#endif
#ifndef OS_HAS_REMAP /* a mapping becomes longer or shorter; where it then is, it may have moved */
OS_MISSING(os_remap, void *from, size_t length, size_t to, void **at)
#endif
#ifndef OS_HAS_DISCARD /* what is in these pages is forgotten: they are zero when they are looked at next */
OS_MISSING(os_discard, void *at, size_t length)
#endif
#ifndef OS_HAS_PROTECT /* whether mapped memory may be written to; it may always be read */
OS_MISSING(os_protect, void *at, size_t length, int writable)
#endif
/* A byte is written to where nobody may write, for a verify: by the kernel, which is to refuse it, or where there are
 * no pipes by a thread that is to be ended for it. An error: it could not be tried. */
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
#ifndef OS_HAS_BREAK /* the end of the program's heap, moved by so many bytes: where it was before (brk) */
OS_MISSING(os_break, long by)
#endif
#ifndef OS_PAGE
#define OS_PAGE 4096
#endif
#ifndef OS_MAP_PRESENT /* 1: os_map gives memory that is there at once, with whatever was in it, so it never faults */
#define OS_MAP_PRESENT 0
#endif
#ifndef OS_HAS_ALLOC /* the kernel's own allocator; the caller says the size again when it gives the memory back */
OS_MISSING(os_alloc, size_t size, size_t alignment, void **at)
OS_MISSING(os_free, void *at, size_t size, size_t alignment)
#endif

#endif
