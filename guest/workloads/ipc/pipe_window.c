/* Messages between two processes over two pipes with `depth` of them under way: one more is sent, and the answer to the
 * oldest is taken. One operation is one message and one answer; with depth=1 it is pipe_latency. On one core a switch
 * serves up to `depth` of them: what a queue of requests saves against one request at a time. */
#include "workloads/lines.h"

LINES_ENDS(read, write)

static long setup(struct run *run) {
    PARAMETER(run, depth, 1, 64); /* together less than a pipe holds, or both ends would wait to write */
    PARAMETER(run, size, 1, 512);
    return lines_start(run, state(run), pipe_line, echo);
}

/* All messages but one are sent first: then each operation must bring the answer to what was sent `depth` operations
 * before. */
static long verify(struct run *run) {
    struct lines *own = state(run);
    char depth = (char)run_param(run, "depth");
    for (message[0] = 1; message[0] < depth; message[0]++)
        TRY(run, os_write(own->peer.there[1], message, own->size));
    for (char turn = 1; turn <= depth; turn++) {
        message[0] = (char)(depth + turn - 1);
        op(run);
        if (run->failed || message[0] != turn + 1)
            return WRONG(run, "what came back was not the answer to the oldest message");
    }
    return 0;
}

static void teardown(struct run *run) {
    lines_end(state(run));
}

WORKLOAD{
    .name = "pipe_window",
    .family = "ipc",
    .what = "a message and an answer between two processes over pipes, `depth` under way",
    .per = PER_ITERATION,
    .ends = 2,
    .alone = 1,
    .params = "depth=8 size=1 library=0",
    STEPS_AND_TEARDOWN,
};
