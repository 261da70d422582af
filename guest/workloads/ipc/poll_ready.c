/* Of `fds` pipes the last `ready` ones can be read; poll reports them and does not wait. Every operation looks at all
 * descriptors, which event_queue avoids. Where the OS has no pipes they are event counters. */
#include "workloads/library.h"
#include "workloads/wire.h"

enum { MOST = 1000 };
static struct os_poll asked[MOST];
static struct wire wires[MOST];

struct state {
    uint32_t fds, ready, opened;
};
STATE(struct state)

static long setup(struct run *run) {
    PARAMETER(run, fds, 1, 1000);
    int64_t ready = run_param(run, "ready");
    if (ready < 0 || ready > fds)
        return REFUSE(run, "ready", "not more than fds=");
    TRY(run, os_poll(asked, 0));
    state(run)->fds = (uint32_t)fds;
    state(run)->ready = (uint32_t)ready;
    for (uint32_t i = 0; i < fds; i++) {
        TRY(run, os_wire(wires[i].end));
        asked[i] = (struct os_poll){wires[i].end[0], OS_POLL_READ, 0};
        state(run)->opened++;
        if (i >= fds - ready && !wire_put(wires[i].end[1], 1))
            return REFUSE(run, "ready", "less: one could not be written to");
    }
    return 0;
}

static inline void op(struct run *run) {
    EXPECT(run, CALL(run, poll, asked, state(run)->fds) == state(run)->ready);
}

/* poll must name exactly the pipes that can be read, and none after they have been read. */
static long verify(struct run *run) {
    uint32_t fds = state(run)->fds, first = fds - state(run)->ready;
    long ready;
    TRY(run, ready = os_poll(asked, fds));
    for (uint32_t i = 0; i < fds; i++)
        if (ready != fds - first || (i >= first) != (asked[i].ready & OS_POLL_READ))
            return WRONG(run, "the pipes that can be read were not named, or others were");
    for (uint32_t i = first; i < fds; i++)
        if (wire_take(asked[i].fd) != 1)
            return WRONG(run, "another word came out of the pipe than went in");
    if (os_poll(asked, fds) != 0)
        return WRONG(run, "an empty pipe was named");
    for (uint32_t i = first; i < fds; i++)
        if (!wire_put(wires[i].end[1], 1))
            return WRONG(run, "the pipe could not be written to again");
    return 0;
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
    .params = "fds=10 ready=1 library=0",
    STEPS_AND_TEARDOWN,
};
