/* A file of a scheme is opened and closed: the kernel asks the server, another process, to open it, and notifies it of
 * the close without waiting. One operation is one round trip to the server and one one-way message. What open and close
 * cost where another program serves the files; open_close is the same where the kernel does. */
#include "workloads/scheme.h"

struct state {
    struct served served;
    int file; /* kept open, for the last call */
};
STATE(struct state)

static void serve(void *argument) {
    struct run *run = argument;
    run_pin(run, 1);
    scheme_answer(run, &state(run)->served);
}

static long setup(struct run *run) {
    struct state *own = state(run);
    own->served.own_space = 1;
    PASS_ON(scheme_start(run, &own->served, serve, NULL, 0));
    TRY_FD(run, own->file, os_scheme_open(own->served.root));
    return 0;
}

static inline void op(struct run *run) {
    long fd = os_scheme_open(state(run)->served.root);
    EXPECT(run, (fd >= 0) && (os_close((int)fd) == 0));
}

static long verify(struct run *run) {
    long fd, answer;
    TRY(run, fd = os_scheme_open(state(run)->served.root));
    TRY(run, answer = os_scheme_call((int)fd, NULL, 0));
    TRY(run, os_close((int)fd));
    if (answer != 0)
        return WRONG(run, "the file opened was not the server's");
    return os_scheme_call((int)fd, NULL, 0) < 0 ? 0 : WRONG(run, "a closed file could still be called");
}

static void teardown(struct run *run) {
    scheme_end(run, &state(run)->served, state(run)->file);
}

WORKLOAD{
    .name = "scheme_open_close",
    .family = "ipc",
    .what = "open and close of a file that another process serves",
    .per = PER_CALL,
    .ends = 2,
    .switches = 2,
    STEPS_AND_TEARDOWN,
};
