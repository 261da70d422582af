/* A second descriptor for an open file, and its close: a slot of the table taken and given back, a reference counted up
 * and down. One operation is both calls. */
#include "workloads/library.h"
#include "workloads/wire.h"

STATE(struct wire)

static long setup(struct run *run) {
    return wire_make(run, state(run));
}

static long verify(struct run *run) {
    const int *end = state(run)->end;
    enum { SENT = 42 };
    long again;
    TRY(run, again = os_dup(end[1]));
    int through = wire_put((int)again, SENT) && wire_take(end[0]) == SENT;
    TRY(run, os_close((int)again));
    if (again == end[1] || !through)
        return WRONG(run, "the second descriptor was not of the same pipe");
    return wire_put((int)again, SENT) ? WRONG(run, "it could be written to after its close") : 0;
}

static inline void op(struct run *run) {
    long again = CALL(run, dup, state(run)->end[1]);
    EXPECT(run, (again > 0) & (CALL(run, close, (int)again) == 0));
}

static void teardown(struct run *run) {
    wire_end(state(run));
}

WORKLOAD{
    .name = "dup_close",
    .family = "fs",
    .what = "a second descriptor of a pipe (dup), and its close",
    .per = PER_CALL,
    .ends = 1,
    .params = "library=0",
    STEPS_AND_TEARDOWN,
};
