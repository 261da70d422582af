/* Asking how a descriptor was opened (fcntl F_GETFL): a look into the table of descriptors, no file system. */
#include "workloads/library.h"
#include "workloads/peer.h"

struct state {
    int pipe[2];
    long flags;
};
STATE(struct state)

static long setup(struct run *run) {
    long flags;
    TRY(run, os_pipe(state(run)->pipe));
    TRY(run, flags = os_fd_flags(state(run)->pipe[0]));
    state(run)->flags = flags;
    return 0;
}

static long verify(struct run *run) {
    long writes;
    TRY(run, writes = os_fd_flags(state(run)->pipe[1]));
    if (writes == state(run)->flags)
        return WRONG(run, "both ends of a pipe were opened alike");
    return os_fd_flags(-1) < 0 ? 0 : WRONG(run, "a descriptor that is not open had flags");
}

static inline void op(struct run *run) {
    EXPECT(run, CALL(run, fd_flags, state(run)->pipe[0]) == state(run)->flags);
}

static void teardown(struct run *run) {
    pipe_close_end(&state(run)->pipe[0]);
    pipe_close_end(&state(run)->pipe[1]);
}

WORKLOAD{
    .name = "descriptor_flags",
    .family = "fs",
    .what = "ask how a descriptor was opened (fcntl F_GETFL)",
    .per = PER_CALL,
    .ends = 1,
    .params = "library=0",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
