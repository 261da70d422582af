/* Ping-pong between two processes over two UDP sockets of the machine's loopback, each connected to the other's
 * address: write a datagram of `size` bytes, wait for one. One operation is the ROUND TRIP: two writes, two reads, two
 * context switches. Pitfall: a datagram that is dropped would stop both ends; a loopback has no reason to drop the only
 * one. */
#include "workloads/echo.h"
#include "workloads/network.h"

static long connect(struct run *run, int end[2]) {
    return network_datagrams(run, end);
}

ECHO_OVER(connect)

WORKLOAD{
    .name = "udp_latency",
    .family = "net",
    .what = "round trip of a datagram between two processes over UDP (loopback)",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "size=1",
    STEPS_AND_TEARDOWN,
};
