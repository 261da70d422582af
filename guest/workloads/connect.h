/* One thread makes a connection, accepts it and closes both ends: what a server and its client pay for a request with a
 * connection of its own. The server's end is closed first: TCP then keeps the server's port, which is always the same,
 * waiting for a while (TIME_WAIT), and the clients' ports do not run out. CONNECT_OF(kind) defines the whole workload
 * except its row. */
#ifndef FERRULE_CONNECT_H
#define FERRULE_CONNECT_H

#include "workloads/network.h"

STATE(struct listener)

/* Makes one connection: end[0] has connected, end[1] was accepted. Returns 0 when a call was refused. */
static inline int connect_once(const struct listener *listener, enum os_socket kind, int end[2]) {
    end[0] = (int)os_socket_open(kind);
    long connected = os_socket_connect(end[0], &listener->at);
    end[1] = connected < 0 ? 0 : (int)os_socket_accept(listener->fd); /* without a connection it would wait for ever */
    return end[0] > 0 && connected >= 0 && end[1] > 0;
}

static inline long connect_verify(struct run *run, enum os_socket kind) {
    char sent = 42, got = 0;
    int end[2] = {0};
    long refused = network_stream(run, kind, end); /* sets run->operation */
    pipe_close_end(&end[1]);
    pipe_close_end(&end[0]);
    if (refused < 0)
        return refused;
    int whole = connect_once(state(run), kind, end) && os_write(end[0], &sent, 1) == 1 &&
                os_read(end[1], &got, 1) == 1 && got == sent;
    pipe_close_end(&end[1]);
    pipe_close_end(&end[0]);
    return whole ? 0 : WRONG(run, "what was written to the one end was not read from the other");
}

#define CONNECT_OF(kind)                                                                                               \
    static long setup(struct run *run) {                                                                               \
        return listener_open(run, state(run), kind);                                                                   \
    }                                                                                                                  \
    static inline void op(struct run *run) {                                                                           \
        int end[2];                                                                                                    \
        int whole = connect_once(state(run), kind, end);                                                               \
        EXPECT(run, whole & (os_close(end[1]) >= 0) & (os_close(end[0]) >= 0));                                        \
    }                                                                                                                  \
    static long verify(struct run *run) {                                                                              \
        return connect_verify(run, kind);                                                                              \
    }                                                                                                                  \
    static void teardown(struct run *run) {                                                                            \
        pipe_close_end(&state(run)->fd);                                                                               \
    }

#endif
