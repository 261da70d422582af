/* One byte is written into a pipe, the event queue reports that it can be read, the byte is read; all in one thread, so
 * no thread sleeps. One operation is those three calls: what a program that waits for many things at once pays for one
 * of them beyond the byte itself. The queue watches `fds` descriptors: all but the two pipes that are written to are
 * duplicates of a third one's, which stays empty. */
#include "workloads/peer.h"

enum { LEAST = 2, MOST = 1000 };
static int16_t quiet[MOST]; /* duplicates of the third pipe's read end */

struct state {
    int pipe[2], other[2], third[2], queue, quiet;
};
STATE(struct state)

static long setup(struct run *run) {
    struct state *own = state(run);
    PARAMETER(run, fds, 2, 1000);
    TRY_FD(run, own->queue, os_events_open());
    TRY(run, os_pipe(own->pipe));
    TRY(run, os_pipe(own->other));
    TRY(run, os_events_add(own->queue, own->pipe[0]));
    TRY(run, os_events_add(own->queue, own->other[0]));
    if (fds > LEAST)
        TRY(run, os_pipe(own->third));
    for (; own->quiet < fds - LEAST; own->quiet++) {
        long fd;
        TRY(run, fd = os_dup(own->third[0]));
        quiet[own->quiet] = (int16_t)fd;
        TRY(run, os_events_add(own->queue, (int)fd));
    }
    return 0;
}

static inline long ask(struct state *own, int end[2]) {
    char byte = 1;
    long sent = os_write(end[1], &byte, 1), which = os_events_wait(own->queue), got = os_read(end[0], &byte, 1);
    return sent == 1 && got == 1 ? which : -1;
}

static inline void op(struct run *run) {
    EXPECT(run, ask(state(run), state(run)->pipe) == state(run)->pipe[0]);
}

static long verify(struct run *run) {
    struct state *own = state(run);
    for (unsigned turn = 0; turn < 20; turn++) {
        if (ask(own, own->pipe) != own->pipe[0])
            return WRONG(run, "the event was not of the pipe that was written to");
        if (ask(own, own->other) != own->other[0])
            return WRONG(run, "the event was not of the other pipe");
    }
    return 0;
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    pipe_close_end(&own->queue);
    while (own->quiet > 0)
        os_close(quiet[--own->quiet]);
    for (unsigned i = 0; i < 2; i++) {
        pipe_close_end(&own->pipe[i]);
        pipe_close_end(&own->other[i]);
        pipe_close_end(&own->third[i]);
    }
}

WORKLOAD{
    .name = "event_queue",
    .family = "ipc",
    .what = "one byte through a pipe, announced by an event queue",
    .per = PER_CALL,
    .ends = 1,
    .alone = 1,
    .bytes = 1,
    .params = "fds=2",
    STEPS_AND_TEARDOWN,
};
