/* Asking how a descriptor was opened (fcntl F_GETFL): a look into the table of descriptors, no file system. */
#include "workloads/library.h"
#include "workloads/wire.h"

struct state {
    struct wire wire;
    long flags;
};
STATE(struct state)

static long setup(struct run *run) {
    PASS_ON(wire_make(run, &state(run)->wire));
    TRY(run, state(run)->flags = os_fd_flags(state(run)->wire.end[0]));
    return 0;
}

static long verify(struct run *run) {
    long writes;
    TRY(run, writes = os_fd_flags(state(run)->wire.end[1]));
    if ((writes == state(run)->flags) != OS_WIRE_ALIKE)
        return WRONG(run,
                     OS_WIRE_ALIKE ? "the flags of the two ends differ" : "both ends of a pipe have the same flags");
    return os_fd_flags(-1) < 0 ? 0 : WRONG(run, "a descriptor that is not open had flags");
}

static inline void op(struct run *run) {
    EXPECT(run, CALL(run, fd_flags, state(run)->wire.end[0]) == state(run)->flags);
}

static void teardown(struct run *run) {
    wire_end(&state(run)->wire);
}

WORKLOAD{
    .name = "descriptor_flags",
    .family = "fs",
    .what = "ask how a descriptor was opened (fcntl F_GETFL)",
    .per = PER_CALL,
    .ends = 1,
    .params = "library=0",
    STEPS_AND_TEARDOWN,
};
