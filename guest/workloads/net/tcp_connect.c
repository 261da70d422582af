/* A TCP connection over the loopback: socket, connect, accept, close of both ends. One operation is those five calls;
 * no other thread takes part, and no byte is sent. */
#include "workloads/connect.h"

CONNECT_OF(OS_TCP)

WORKLOAD{
    .name = "tcp_connect",
    .family = "net",
    .what = "connect, accept and close a TCP connection over the loopback",
    .per = PER_ITERATION,
    .ends = 1,
    STEPS_AND_TEARDOWN,
};
