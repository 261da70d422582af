/* socket_latency over local sockets that keep messages apart: datagrams, or with packets=1 a connection of packets
 * (SOCK_SEQPACKET). One operation is the ROUND TRIP: two writes, two reads, two context switches. */
#include "workloads/echo.h"

static long connect(struct run *run, int end[2]) {
    if (run_param(run, "packets"))
        TRY(run, os_seqpacket_pair(end));
    else
        TRY(run, os_datagram_pair(end));
    return 0;
}

ECHO_OVER(connect)

WORKLOAD{
    .name = "datagram_latency",
    .family = "ipc",
    .what = "round trip of a datagram between two processes over local sockets",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "size=1 packets=0",
    STEPS_AND_TEARDOWN,
};
