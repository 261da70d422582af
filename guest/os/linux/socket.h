/* Sockets of Linux (unix(7), ip(7), tcp(7)). */
#ifndef FERRULE_LINUX_SOCKET_H
#define FERRULE_LINUX_SOCKET_H

enum { LINUX_AF_UNIX = 1, LINUX_AF_INET = 2 };
enum { LINUX_STREAM = 1, LINUX_DATAGRAM = 2, LINUX_SEQPACKET = 5 };

static inline long linux_pair(int type, int end[2]) {
    return call4(CALL_SOCKETPAIR, LINUX_AF_UNIX, type, 0, (long)end);
}

#define OS_HAS_SOCKET_PAIR
static inline long os_socket_pair(int end[2]) {
    return linux_pair(LINUX_STREAM, end);
}

#define OS_HAS_MESSAGE_PAIR
static inline long os_datagram_pair(int end[2]) {
    return linux_pair(LINUX_DATAGRAM, end);
}

static inline long os_seqpacket_pair(int end[2]) {
    return linux_pair(LINUX_SEQPACKET, end);
}

#define OS_HAS_SOCKETS
static inline long os_socket_open(enum os_socket kind) {
    enum { IPPROTO_TCP = 6, TCP_NODELAY = 1 };
    const int32_t on = 1;
    long fd = call3(CALL_SOCKET, kind == OS_LOCAL ? LINUX_AF_UNIX : LINUX_AF_INET,
                    kind == OS_UDP ? LINUX_DATAGRAM : LINUX_STREAM, 0);
    long result =
        fd >= 0 && kind == OS_TCP ? call5(CALL_SETSOCKOPT, fd, IPPROTO_TCP, TCP_NODELAY, (long)&on, sizeof on) : fd;
    if (result < 0 && fd >= 0)
        os_close((int)fd);
    return result < 0 ? result : fd;
}

/* A local address is an abstract name that we choose: not every kernel picks one itself. The others get 127.0.0.1 and
 * port 0, for which the kernel picks a free port. */
static inline long os_socket_bind(int fd, enum os_socket kind, struct os_address *at) {
    enum { NAME = 3, INTERNET_BYTES = 16 }; /* behind the family and a zero byte */
    *at = (struct os_address){.length = INTERNET_BYTES};
    at->bytes[0] = kind == OS_LOCAL ? LINUX_AF_UNIX : LINUX_AF_INET;
    if (kind == OS_LOCAL) {
        char *name = (char *)at->bytes + NAME;
        text_copy(name, sizeof at->bytes - NAME, "ferrule-");
        at->length = NAME + 8 + (uint32_t)text_u64(name + 8, os_clock_ns());
        return call3(CALL_BIND, fd, (long)at->bytes, at->length);
    }
    at->bytes[4] = 127;
    at->bytes[7] = 1;
    long result = call3(CALL_BIND, fd, (long)at->bytes, at->length);
    at->length = sizeof at->bytes;
    return result < 0 ? result : call3(CALL_GETSOCKNAME, fd, (long)at->bytes, (long)&at->length);
}

static inline long os_socket_listen(int fd) {
    enum { BACKLOG = 16 };
    return call2(CALL_LISTEN, fd, BACKLOG);
}

static inline long os_socket_connect(int fd, const struct os_address *to) {
    return call3(CALL_CONNECT, fd, (long)to->bytes, to->length);
}

static inline long os_socket_accept(int fd) {
    return call4(CALL_ACCEPT4, fd, 0, 0, 0);
}

#endif
