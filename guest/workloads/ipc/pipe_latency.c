/* Ping-pong between two processes over two pipes: write `size` bytes, wait for them to come back. One operation is the
 * ROUND TRIP: two writes, two reads, two context switches; halve it and you have what others call one-way latency.
 * Pitfall: on one core or on two the number differs twentyfold, so both ends are placed and their CPUs recorded.
 * lines.h explains library=1. */
#include "workloads/lines.h"

LINES_OVER(pipe_line, read, write)

WORKLOAD{
    .name = "pipe_latency",
    .family = "ipc",
    .what = "round trip of a message between two processes over two pipes",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .through = "pipe",
    .switches = 2,
    .params = "size=1 library=0",
    STEPS_AND_TEARDOWN,
};
