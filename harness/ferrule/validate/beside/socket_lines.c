/* socket_latency between programs like those with a C library: calls through functions, and threads registered with
 * rseq(2) (see lines.h). The two lines are the two directions of one pair of sockets. */
#include "workloads/lines.h"

static int pair[2]; /* 0: not made */

static long line(struct run *run, int end[2]) {
    long fd[2];
    if (!pair[0]) {
        TRY(run, os_socket_pair(pair));
        end[0] = pair[1];
        end[1] = pair[0];
        return 0;
    }
    TRY(run, fd[0] = os_dup(pair[0]));
    TRY(run, fd[1] = os_dup(pair[1]));
    end[0] = (int)fd[0];
    end[1] = (int)fd[1];
    pair[0] = 0;
    return 0;
}

LINES_OVER(line, read, write)

WORKLOAD{
    .name = "socket_lines",
    .family = "beside",
    .what = "round trip of a message between two processes over a pair of sockets, on a C library",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "size=1 library=1",
    STEPS_AND_TEARDOWN,
};
