/* System calls as a program on a C library makes them: through a function that is not inlined. With the parameter
 * library=1 a workload's CALL() goes that way, with 0 the call is raw, inlined. On processors and kernels that guard
 * the return predictor the function's return is mispredicted after every call: a third of the price and more, and the
 * usual reason why two tools disagree. The test of the parameter costs two instructions in both. */
#ifndef FERRULE_LIBRARY_H
#define FERRULE_LIBRARY_H

#include "workloads/workload.h"

#define LIBRARY_FUNCTION(name, parameters, arguments)                                                                  \
    __attribute__((noinline, aligned(64), unused)) static long library_##name parameters {                             \
        return os_##name arguments;                                                                                    \
    }
#define CALL(run, name, ...) ((run)->library ? library_##name(__VA_ARGS__) : os_##name(__VA_ARGS__))

LIBRARY_FUNCTION(six_arguments, (long last), (last))
LIBRARY_FUNCTION(system_name, (char name[OS_SYSTEM_NAME]), (name))
LIBRARY_FUNCTION(clock_call, (uint64_t *ns), (ns))
LIBRARY_FUNCTION(signal_install, (void (*handler)(int)), (handler))
LIBRARY_FUNCTION(signal_send, (long address), (address))
LIBRARY_FUNCTION(open, (const char *path, unsigned how), (path, how))
LIBRARY_FUNCTION(remove, (const char *path), (path))
LIBRARY_FUNCTION(read, (int fd, void *into, size_t length), (fd, into, length))
LIBRARY_FUNCTION(write, (int fd, const void *from, size_t length), (fd, from, length))
LIBRARY_FUNCTION(close, (int fd), (fd))
LIBRARY_FUNCTION(queue_receive, (int queue, void *into, size_t size), (queue, into, size))
LIBRARY_FUNCTION(queue_send, (int queue, const void *bytes, size_t length), (queue, bytes, length))
LIBRARY_FUNCTION(position, (int fd), (fd))
LIBRARY_FUNCTION(fd_flags, (int fd), (fd))
LIBRARY_FUNCTION(dup, (int fd), (fd))
LIBRARY_FUNCTION(read_at, (int fd, void *into, size_t length, uint64_t offset), (fd, into, length, offset))
LIBRARY_FUNCTION(write_at, (int fd, const void *from, size_t length, uint64_t offset), (fd, from, length, offset))
LIBRARY_FUNCTION(status_of_fd, (int fd), (fd))
LIBRARY_FUNCTION(status_of_path, (const char *path), (path))
LIBRARY_FUNCTION(directory_read, (int fd, void *into, size_t size), (fd, into, size))
LIBRARY_FUNCTION(select, (uint64_t *set, uint32_t bits), (set, bits))
LIBRARY_FUNCTION(events_add, (int queue, int fd), (queue, fd))
LIBRARY_FUNCTION(events_remove, (int queue, int fd), (queue, fd))
LIBRARY_FUNCTION(bytes_waiting, (int fd), (fd))
LIBRARY_FUNCTION(file_lock, (int fd, int locked), (fd, locked))
LIBRARY_FUNCTION(poll, (struct os_poll * asked, uint32_t count), (asked, count))
LIBRARY_FUNCTION(protect, (void *at, size_t length, int writable), (at, length, writable))
LIBRARY_FUNCTION(map, (size_t length, void **at), (length, at))
LIBRARY_FUNCTION(unmap, (void *at, size_t length), (at, length))

#endif
