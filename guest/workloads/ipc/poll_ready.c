/* Of `fds` pipes the last one can be read; poll says so and does not wait. All descriptors are looked at in every
 * operation: event_queue is the answer to that. */
#include "workloads/library.h"
#include "workloads/peer.h"

enum { MOST = 1000 };
static struct os_poll asked[MOST];
static int other_end[MOST];

struct state {
    uint32_t fds, opened;
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t fds = run_param(run, "fds");
    int end[2];
    if (fds < 1 || fds > MOST)
        return REFUSE(run, "fds", "1..1000");
    TRY(run, os_poll(asked, 0));
    state(run)->fds = (uint32_t)fds;
    for (uint32_t i = 0; i < fds; i++) {
        TRY(run, os_pipe(end));
        asked[i] = (struct os_poll){end[0], OS_POLL_READ, 0};
        other_end[i] = end[1];
        state(run)->opened++;
    }
    TRY(run, os_write(other_end[fds - 1], "", 1));
    return 0;
}

static inline void op(struct run *run) {
    EXPECT(run, CALL(run, poll, asked, state(run)->fds) == 1);
}

static long verify(struct run *run) {
    uint32_t last = state(run)->fds - 1;
    char byte;
    long ready;
    TRY(run, ready = os_poll(asked, state(run)->fds));
    if (ready != 1 || !(asked[last].ready & OS_POLL_READ))
        return WRONG(run, "the pipe that can be read was not named");
    for (uint32_t i = 0; i < last; i++)
        if (asked[i].ready)
            return WRONG(run, "a pipe with nothing in it was named");
    TRY(run, os_read(asked[last].fd, &byte, 1));
    if (os_poll(asked, state(run)->fds) != 0)
        return WRONG(run, "an empty pipe was named");
    TRY(run, os_write(other_end[last], "", 1));
    return 0;
}

static void teardown(struct run *run) {
    for (uint32_t i = 0; i < state(run)->opened; i++) {
        pipe_close_end(&asked[i].fd);
        pipe_close_end(&other_end[i]);
    }
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
