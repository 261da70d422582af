/* Sockets of Aero. No socket can connect over loopback: the kernel has no such device yet. */
#ifndef FERRULE_AERO_SOCKET_H
#define FERRULE_AERO_SOCKET_H

static inline long aero_socket_pair(long type, int end[2]) {
    return aero_result(call6(CALL_SOCKETPAIR, AERO_AF_UNIX, type, 0, (long)end, 0, 0));
}

#define OS_HAS_SOCKET_PAIR
static inline long os_socket_pair(int end[2]) {
    return aero_socket_pair(AERO_SOCK_STREAM, end);
}

#define OS_HAS_MESSAGE_PAIR
static inline long os_datagram_pair(int end[2]) {
    return aero_socket_pair(AERO_SOCK_DATAGRAM, end);
}

static inline long os_seqpacket_pair(int end[2]) {
    return aero_socket_pair(AERO_SOCK_SEQPACKET, end);
}

#define OS_HAS_SOCKETS
static inline long os_socket_open(enum os_socket kind) {
    return aero_result(call3(CALL_SOCKET, kind == OS_LOCAL ? AERO_AF_UNIX : AERO_AF_INET,
                             kind == OS_UDP ? AERO_SOCK_DATAGRAM : AERO_SOCK_STREAM, 0));
}

/* A local socket's address is the path of a file that the kernel creates and never removes: each gets a new name. */
static inline long aero_bind_local(int fd, struct os_address *at) {
    static uint64_t count;
    const uint32_t family = AERO_AF_UNIX;
    char *path = (char *)at->bytes + sizeof family;
    memset(at->bytes, 0, sizeof at->bytes);
    memcpy(at->bytes, &family, sizeof family);
    text_copy(path, sizeof at->bytes - sizeof family, "/tmp/socket-");
    size_t length = text_length(path);
    length += text_u64(path + length, (uint64_t)call0(CALL_GETPID));
    path[length++] = '-';
    text_u64(path + length, count++);
    at->length = sizeof at->bytes;
    return aero_result(call3(CALL_BIND, fd, (long)at->bytes, (long)at->length));
}

static inline long os_socket_bind(int fd, enum os_socket kind, struct os_address *at) {
    const struct aero_internet any = {AERO_AF_INET, 0, 0, {127, 0, 0, 1}, {0}};
    if (kind == OS_LOCAL)
        return aero_bind_local(fd, at);
    long bound = aero_result(call3(CALL_BIND, fd, (long)&any, sizeof any));
    at->length = sizeof at->bytes;
    return bound < 0 ? bound : aero_result(call3(CALL_GETSOCKNAME, fd, (long)at->bytes, (long)&at->length));
}

static inline long os_socket_listen(int fd) {
    enum { BACKLOG = 64 };
    return aero_result(call3(CALL_LISTEN, fd, BACKLOG, 0));
}

/* A local socket's connect() sleeps until it has been accepted: a thread that does both, one after the other, would
 * sleep for ever. So this operation does not exist; TCP and UDP have already been refused by then. */
static inline long os_socket_connect(int fd, const struct os_address *to) {
    (void)fd, (void)to;
    return -OS_DOES_NOT_EXIST;
}

static inline long os_socket_accept(int fd) {
    (void)fd;
    return -OS_DOES_NOT_EXIST;
}

#endif
