/* Ping-pong between two processes over a pair of connected local sockets: write `size` bytes, wait for them to come
 * back. One operation is the ROUND TRIP, as in pipe_latency, with which it compares. Pitfall: where a daemon keeps the
 * sockets, each of the four calls is itself a round trip to it; the two switches counted are only those between the two
 * processes. */
#include "workloads/echo.h"

static long connect(struct run *run, int end[2]) {
    TRY(run, os_socket_pair(end));
    return 0;
}

ECHO_OVER(connect)

WORKLOAD{
    .name = "socket_latency",
    .family = "ipc",
    .what = "round trip of a message between two processes over local sockets",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "size=1",
    STEPS_AND_TEARDOWN,
};
