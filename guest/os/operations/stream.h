/* Streams of bytes between two ends, and descriptors that travel through one. */
#ifndef FERRULE_OPERATIONS_STREAM_H
#define FERRULE_OPERATIONS_STREAM_H

#ifndef OS_HAS_PIPE /* end[0] reads, end[1] writes */
OS_MISSING(os_pipe, int end[2])
#endif
/* A wire: one thread writes to it and reads from it, eight bytes at a time. A pipe, or, where the OS has none, an event
 * counter, which is both ends. */
static inline long os_wire(int end[2]) {
#ifdef OS_HAS_PIPE
    return os_pipe(end);
#else
    long fd = os_eventfd(0);
    end[0] = end[1] = (int)fd;
    return fd < 0 ? fd : 0;
#endif
}
#ifndef OS_WIRE_ALIKE /* 1: both ends of a wire have the same flags */
#define OS_WIRE_ALIKE 0
#endif
#ifndef OS_HAS_FIFO /* a pipe with a name, which os_open() opens */
OS_MISSING(os_fifo, const char *path)
#endif
#ifndef OS_HAS_SOCKET_PAIR /* two local stream sockets, connected: what is written to one is read from the other */
OS_MISSING(os_socket_pair, int end[2])
#endif
#ifndef OS_HAS_CHANNEL_PAIR /* two ends of a channel with a name (Redox), connected as those of a socket pair */
OS_MISSING(os_channel_pair, int end[2])
#endif

/* --- descriptors moved to another process: closed here, open there */
#ifndef OS_HAS_FD_PASSING
OS_MISSING(os_fd_line, int end[2]) /* the channel they pass through: end[0] receives, end[1] sends */
OS_MISSING(os_fd_send, int pipe, int fd)
OS_MISSING(os_fd_receive, int pipe) /* sleeps until one comes; -EPIPE when no sender is left */
#endif

#endif
