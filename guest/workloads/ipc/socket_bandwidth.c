/* Bytes through a pair of connected local sockets, one way: flow.h says what is counted, and where the pitfall is. */
#include "workloads/flow.h"

static long line(struct run *run, int end[2]) {
    state(run)->peer.must_kill = 1; /* not every kernel reports to a socket that its other end has gone */
    TRY(run, os_socket_pair(end));
    return 0;
}

FLOW_OVER(line)

WORKLOAD_ROW{
    .name = "socket_bandwidth",
    .family = "ipc",
    .what = "write into a local socket that another process drains",
    .per = PER_ONE_WAY,
    .ends = 2,
    .params = "size=65536",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    .loop = loop,
};
