/* Asking a descriptor for its position (lseek by 0 from the current place): a look at one open file and nothing else.
 * The cheapest call that has a descriptor. */
#include "workloads/library.h"
#include "workloads/scratch.h"

STATE(struct scratch)

static long setup(struct run *run) {
    return scratch_small(run, state(run));
}

static long verify(struct run *run) {
    long before, after;
    TRY(run, before = os_position(state(run)->fd));
    TRY(run, os_write(state(run)->fd, scratch_content, 3));
    TRY(run, after = os_position(state(run)->fd));
    return before == sizeof scratch_content && after == before + 3 ? 0
                                                                   : WRONG(run, "it did not stand where it was left");
}

static inline void op(struct run *run) {
    EXPECT(run, CALL(run, position, state(run)->fd) > 0);
}

static void teardown(struct run *run) {
    scratch_end(state(run));
}

WORKLOAD{
    .name = "file_position",
    .family = "fs",
    .what = "query a descriptor's position (lseek by 0)",
    .per = PER_CALL,
    .ends = 1,
    .params = "library=0",
    STEPS_AND_TEARDOWN,
};
