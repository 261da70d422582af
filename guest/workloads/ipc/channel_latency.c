/* Ping-pong between two processes over a channel, which has a name and is kept by a daemon: write `size` bytes, wait
 * for them to come back. One operation is the ROUND TRIP, as in socket_latency, and each of its four calls is a round
 * trip to the daemon besides. Only systems with channels have it. */
#include "workloads/echo.h"

static long connect(struct run *run, int end[2]) {
    TRY(run, os_channel_pair(end));
    return 0;
}

ECHO_OVER(connect)

WORKLOAD{
    .name = "channel_latency",
    .family = "ipc",
    .what = "round trip of a message between two processes over a channel",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "size=1",
    STEPS_AND_TEARDOWN,
};
