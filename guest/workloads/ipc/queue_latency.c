/* Ping-pong between two processes over two message queues (POSIX mq): send `size` bytes, wait for them to come back.
 * One operation is the ROUND TRIP: two sends, two receives, two context switches. Against pipe_latency: messages keep
 * their boundaries, and have a priority. */
#include "workloads/lines.h"

static long line(struct run *run, int end[2]) {
    state(run)->peer.must_kill = 1;
    TRY(run, os_queue_pair(end));
    return 0;
}

LINES_OVER(line, queue_receive, queue_send)

WORKLOAD{
    .name = "queue_latency",
    .family = "ipc",
    .what = "round trip of a message between two processes over two message queues",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "size=1 library=0",
    STEPS_AND_TEARDOWN,
};
