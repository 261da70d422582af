/* Bytes through a pipe, one way: flow.h says what is counted, and where the pitfall is. */
#include "workloads/flow.h"

static long line(struct run *run, int end[2]) {
    TRY(run, os_pipe(end));
    return 0;
}

FLOW_OVER(line)

WORKLOAD_ROW{
    .name = "pipe_bandwidth",
    .family = "ipc",
    .what = "write into a pipe that another process drains",
    .per = PER_ONE_WAY,
    .ends = 2,
    .params = "size=65536",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    .loop = loop,
};
