/* Of `fds` pipes the last one can be read; poll says so and does not wait. All descriptors are looked at in every
 * operation: event_queue is the answer to that. Where the OS has no pipes they are event counters. */
#include "workloads/library.h"
#include "workloads/wire.h"

enum { MOST = 1000 };
static struct os_poll asked[MOST];
static struct wire wires[MOST];

struct state {
    uint32_t fds, opened;
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t fds = run_param(run, "fds");
    if (fds < 1 || fds > MOST)
        return REFUSE(run, "fds", "1..1000");
    TRY(run, os_poll(asked, 0));
    state(run)->fds = (uint32_t)fds;
    for (uint32_t i = 0; i < fds; i++) {
        TRY(run, os_wire(wires[i].end));
        asked[i] = (struct os_poll){wires[i].end[0], OS_POLL_READ, 0};
        state(run)->opened++;
    }
    return wire_put(wires[fds - 1].end[1], 1) ? 0 : REFUSE(run, "fds", "less: the last could not be written to");
}

static inline void op(struct run *run) {
    EXPECT(run, CALL(run, poll, asked, state(run)->fds) == 1);
}

static long verify(struct run *run) {
    uint32_t last = state(run)->fds - 1;
    long ready;
    TRY(run, ready = os_poll(asked, state(run)->fds));
    if (ready != 1 || !(asked[last].ready & OS_POLL_READ))
        return WRONG(run, "the pipe that can be read was not named");
    for (uint32_t i = 0; i < last; i++)
        if (asked[i].ready)
            return WRONG(run, "a pipe with nothing in it was named");
    if (wire_take(asked[last].fd) != 1)
        return WRONG(run, "another word came out of the pipe than went in");
    if (os_poll(asked, state(run)->fds) != 0)
        return WRONG(run, "an empty pipe was named");
    return wire_put(wires[last].end[1], 1) ? 0 : WRONG(run, "the pipe could not be written to again");
}

static void teardown(struct run *run) {
    for (uint32_t i = 0; i < state(run)->opened; i++)
        wire_end(&wires[i]);
}

WORKLOAD{
    .name = "poll_ready",
    .family = "ipc",
    .what = "which of `fds` pipes can be read, without waiting (poll)",
    .per = PER_CALL,
    .ends = 1,
    .alone = 1,
    .params = "fds=10 library=0",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
