/* Passing descriptors to another process on Linux: SCM_RIGHTS over a socket pair (unix(7)). The kernel copies them, so
 * the sender closes its own: they move, as on other OSes. */
#ifndef FERRULE_LINUX_RIGHTS_H
#define FERRULE_LINUX_RIGHTS_H

#define OS_HAS_FD_PASSING
static inline long os_fd_line(int end[2]) {
    return os_socket_pair(end);
}

struct linux_rights { /* struct cmsghdr with one descriptor */
    uint64_t length;
    int32_t level, type, fd, padding;
};

struct linux_message { /* struct msghdr */
    void *name;
    uint32_t name_length, padding;
    struct {
        void *at;
        uint64_t length;
    } *parts;
    uint64_t count;
    void *control;
    uint64_t control_length;
    int32_t flags;
};

enum { LINUX_SOL_SOCKET = 1, LINUX_SCM_RIGHTS = 1, LINUX_RIGHTS_LENGTH = 20 };

static inline long linux_message(long call, int socket, struct linux_rights *rights, int flags) {
    char byte = 0;
    struct {
        void *at;
        uint64_t length;
    } part = {&byte, 1};
    struct linux_message message = {
        .parts = (void *)&part, .count = 1, .control = rights, .control_length = sizeof *rights};
    return call3(call, socket, (long)&message, flags);
}

static inline long os_fd_send(int line, int fd) {
    enum { MSG_NOSIGNAL = 0x4000 };
    struct linux_rights rights = {LINUX_RIGHTS_LENGTH, LINUX_SOL_SOCKET, LINUX_SCM_RIGHTS, fd, 0};
    long result = linux_message(CALL_SENDMSG, line, &rights, MSG_NOSIGNAL);
    return result < 0 ? result : os_close(fd);
}

static inline long os_fd_receive(int line) {
    enum { EPIPE = 32 };
    struct linux_rights rights = {0, 0, 0, -1, 0};
    long result = linux_message(CALL_RECVMSG, line, &rights, 0);
    return result < 0 ? result : result == 0 || rights.type != LINUX_SCM_RIGHTS ? -EPIPE : rights.fd;
}

#endif
