/* Ping-pong between two processes over a TCP connection of the machine's loopback: write `size` bytes, wait for them to
 * come back. One operation is the ROUND TRIP: two writes, two reads, two context switches, and the work of the network
 * stack for both directions. Small messages are not held back (TCP_NODELAY). */
#include "workloads/echo.h"
#include "workloads/network.h"

static long connect(struct run *run, int end[2]) {
    return network_stream(run, OS_TCP, end);
}

ECHO_OVER(connect)

WORKLOAD{
    .name = "tcp_latency",
    .family = "net",
    .what = "round trip of a message between two processes over TCP (loopback)",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "size=1",
    STEPS_AND_TEARDOWN,
};
