/* Bytes through a TCP connection over the machine's loopback, one way: flow.h says what is counted, and where the
 * pitfall is. No wire and no interrupt of a card takes part: the number is that of the kernel's own code. */
#include "workloads/flow.h"
#include "workloads/network.h"

static long line(struct run *run, int end[2]) {
    return network_stream(run, OS_TCP, end);
}

FLOW_OVER(line)

WORKLOAD_ROW{
    .name = "tcp_bandwidth",
    .family = "net",
    .what = "write into a TCP connection (loopback) that another process drains",
    .per = PER_ONE_WAY,
    .ends = 2,
    .params = "size=65536",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    .loop = loop,
};
