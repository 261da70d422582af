/* The status of a small cached file (stat): by=0 by its path, a look-up of two components, by=1 by its descriptor. The
 * kernel fills in a structure; verify checks the length in it. */
#include "workloads/scratch.h"

struct state {
    struct scratch scratch;
    int by_descriptor;
};
STATE(struct state)

static inline long ask(struct state *own) {
    return own->by_descriptor ? os_status_of_fd(own->scratch.fd) : os_status_of_path(own->scratch.path);
}

static long setup(struct run *run) {
    int64_t by = run_param(run, "by");
    if (by != 0 && by != 1)
        return REFUSE(run, "by", "0 (path) or 1 (descriptor)");
    state(run)->by_descriptor = (int)by;
    return scratch_small(run, &state(run)->scratch);
}

static long verify(struct run *run) {
    long before, after;
    if (state(run)->by_descriptor)
        TRY(run, before = os_status_of_fd(state(run)->scratch.fd));
    else
        TRY(run, before = os_status_of_path(state(run)->scratch.path));
    TRY(run, os_write(state(run)->scratch.fd, scratch_content, 3));
    after = ask(state(run));
    return before == sizeof scratch_content && after == before + 3 ? 0 : WRONG(run, "the file had another length");
}

static inline void op(struct run *run) {
    EXPECT(run, ask(state(run)) > 0);
}

static void teardown(struct run *run) {
    scratch_end(&state(run)->scratch);
}

WORKLOAD{
    .name = "file_status",
    .family = "fs",
    .what = "status of a cached file, by path or descriptor (stat, fstat)",
    .per = PER_CALL,
    .ends = 1,
    .params = "by=0",
    STEPS_AND_TEARDOWN,
};
