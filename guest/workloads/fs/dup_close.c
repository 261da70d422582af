/* A second descriptor for an open file, and its close: a slot of the table taken and given back, a reference counted up
 * and down. One operation is both calls. */
#include "workloads/library.h"
#include "workloads/peer.h"

struct state {
    int pipe[2];
};
STATE(struct state)

static long setup(struct run *run) {
    TRY(run, os_pipe(state(run)->pipe));
    return 0;
}

static long verify(struct run *run) {
    int *pipe = state(run)->pipe;
    char byte = 42;
    long again, got;
    TRY(run, again = os_dup(pipe[1]));
    TRY(run, os_write((int)again, &byte, 1));
    byte = 0;
    TRY(run, got = os_read(pipe[0], &byte, 1));
    TRY(run, os_close((int)again));
    if (again == pipe[1] || got != 1 || byte != 42)
        return WRONG(run, "the second descriptor was not of the same pipe");
    return os_write((int)again, &byte, 1) < 0 ? 0 : WRONG(run, "it could be written to after its close");
}

static inline void op(struct run *run) {
    long again = CALL(run, dup, state(run)->pipe[1]);
    EXPECT(run, (again > 0) & (CALL(run, close, (int)again) == 0));
}

static void teardown(struct run *run) {
    pipe_close_end(&state(run)->pipe[0]);
    pipe_close_end(&state(run)->pipe[1]);
}

WORKLOAD{
    .name = "dup_close",
    .family = "fs",
    .what = "a second descriptor of a pipe, and its close",
    .per = PER_CALL,
    .ends = 1,
    .params = "library=0",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
