/* A descriptor travels to another process and back: sent over one line, received there, sent over the other, received
 * here. It moves: the sender no longer has it. One operation is the ROUND TRIP: two sends, two receives, two context
 * switches, and where sending copies (SCM_RIGHTS) the close of each sender's own copy. Against pipe_latency it shows
 * what passing a right costs beyond bytes. */
#include "workloads/peer.h"

struct state {
    struct peer peer;
    int travels[2]; /* a pipe; its read end goes to and fro */
};
STATE(struct state)

static void return_it(void *argument) {
    struct run *run = argument;
    struct state *own = state(run);
    peer_enter(run, &own->peer);
    pipe_close_end(&own->travels[0]);
    pipe_close_end(&own->travels[1]);
    for (long fd; (fd = os_fd_receive(own->peer.there[0])) >= 0;)
        if (os_fd_send(own->peer.back[1], (int)fd) < 0)
            break;
}

static long setup(struct run *run) {
    if (os_fd_send(-1, -1) == -OS_ENOSYS || os_fd_send(-1, -1) == -OS_NOT_PORTED)
        TRY(run, os_fd_send(-1, -1));
    TRY(run, os_pipe(state(run)->travels));
    TRY(run, os_fd_line(state(run)->peer.there));
    TRY(run, os_fd_line(state(run)->peer.back));
    return peer_begin(run, &state(run)->peer, return_it);
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    long sent = os_fd_send(own->peer.there[1], own->travels[0]);
    long got = os_fd_receive(own->peer.back[0]);
    EXPECT(run, (sent >= 0) & (got > 0));
    own->travels[0] = got > 0 ? (int)got : 0;
}

static long verify(struct run *run) {
    struct state *own = state(run);
    char seen = 0;
    for (char mark = 1; mark < 20; mark++) {
        TRY(run, os_write(own->travels[1], &mark, 1));
        int before = own->travels[0];
        op(run);
        if (run->failed)
            return WRONG(run, "the descriptor did not come back");
        if (before != own->travels[0] && os_read(before, &seen, 1) >= 0)
            return WRONG(run, "a descriptor that was sent away was still there");
        TRY(run, os_read(own->travels[0], &seen, 1));
        if (seen != mark)
            return WRONG(run, "what came back was another descriptor");
    }
    return 0;
}

static void teardown(struct run *run) {
    peer_end(&state(run)->peer);
    pipe_close_end(&state(run)->travels[0]);
    pipe_close_end(&state(run)->travels[1]);
}

WORKLOAD{
    .name = "fd_passing",
    .family = "ipc",
    .what = "round trip of a descriptor between two processes",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .switches = 2,
    STEPS_AND_TEARDOWN,
};
