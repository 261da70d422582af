/* Bytes through a pipe, one way: flow.h says what is counted, and where the pitfall is. */
#include "workloads/flow.h"

FLOW_OVER(pipe_line)

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
