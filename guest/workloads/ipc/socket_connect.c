/* A connection between two local sockets (AF_UNIX stream): socket, connect, accept, close of both ends. One operation
 * is those five calls; no other thread takes part, and no byte is sent. */
#include "workloads/connect.h"

CONNECT_OF(OS_LOCAL)

WORKLOAD{
    .name = "socket_connect",
    .family = "ipc",
    .what = "connect, accept and close a local socket (AF_UNIX stream)",
    .per = PER_ITERATION,
    .ends = 1,
    STEPS_AND_TEARDOWN,
};
