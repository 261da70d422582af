/* Two sockets of this machine that are connected with each other by an address, as a client and a server are. */
#ifndef FERRULE_NETWORK_H
#define FERRULE_NETWORK_H

#include "workloads/peer.h"

struct listener {
    int fd; /* 0: there is none */
    struct os_address at;
};

static inline long listener_open(struct run *run, struct listener *listener, enum os_socket kind) {
    TRY_FD(run, listener->fd, os_socket_open(kind));
    TRY(run, os_socket_bind(listener->fd, kind, &listener->at));
    TRY(run, os_socket_listen(listener->fd));
    return 0;
}

/* end[0] has connected, end[1] was accepted. */
static inline long network_stream(struct run *run, enum os_socket kind, int end[2]) {
    struct listener listener = {0};
    long fd, result = listener_open(run, &listener, kind);
    if (result >= 0) {
        run->operation = "os_socket_connect";
        if ((result = fd = os_socket_open(kind)) >= 0) {
            end[0] = (int)fd;
            result = os_socket_connect(end[0], &listener.at);
        }
        if (result >= 0 && (result = fd = os_socket_accept(listener.fd)) >= 0)
            end[1] = (int)fd;
    }
    pipe_close_end(&listener.fd);
    return result < 0 ? result : 0;
}

/* Each sends to the other. */
static inline long network_datagrams(struct run *run, int end[2]) {
    struct os_address at[2];
    for (unsigned i = 0; i < 2; i++) {
        TRY_FD(run, end[i], os_socket_open(OS_UDP));
        TRY(run, os_socket_bind(end[i], OS_UDP, &at[i]));
    }
    TRY(run, os_socket_connect(end[0], &at[1]));
    TRY(run, os_socket_connect(end[1], &at[0]));
    return 0;
}

#endif
