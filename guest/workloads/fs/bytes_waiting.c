/* Asking a pipe how many bytes wait in it (ioctl FIONREAD): the cheapest call on the kernel's path for requests that
 * only a device understands. */
#include "workloads/library.h"
#include "workloads/wire.h"

STATE(struct wire)

static long setup(struct run *run) {
    PASS_ON(wire_make(run, state(run)));
    return wire_put(state(run)->end[1], 1) ? 0 : REFUSE(run, "os_wire", "the pipe could not be written to");
}

static inline void op(struct run *run) {
    EXPECT(run, CALL(run, bytes_waiting, state(run)->end[0]) == sizeof(uint64_t));
}

static long verify(struct run *run) {
    long before, after;
    TRY(run, before = os_bytes_waiting(state(run)->end[0]));
    wire_put(state(run)->end[1], 1);
    TRY(run, after = os_bytes_waiting(state(run)->end[0]));
    wire_take(state(run)->end[0]);
    return before == 8 && after == 16 ? 0 : WRONG(run, "the number of waiting bytes was not the number written");
}

static void teardown(struct run *run) {
    wire_end(state(run));
}

WORKLOAD{
    .name = "bytes_waiting",
    .family = "fs",
    .what = "ask a pipe how many bytes wait in it (ioctl FIONREAD)",
    .per = PER_CALL,
    .ends = 1,
    .params = "library=0",
    STEPS_AND_TEARDOWN,
};
