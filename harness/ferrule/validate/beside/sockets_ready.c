/* poll (by=0) or select (by=1) of `fds` local sockets without data: the same as poll_ready and select_ready with pipes.
 */
#include "workloads/library.h"

enum { MOST = 100, WORDS = 32 };
static struct os_poll polled[MOST];
static uint64_t set[WORDS];

struct state {
    uint32_t fds, opened, bits;
    int64_t by;
};
STATE(struct state)

static long setup(struct run *run) {
    struct state *own = state(run);
    int64_t fds = run_param(run, "fds");
    own->by = run_param(run, "by");
    if (fds < 2 || fds > MOST || fds % 2 || own->by < 0 || own->by > 1)
        return REFUSE(run, "fds", "2..100");
    for (; own->opened < fds; own->opened += 2) {
        int end[2];
        TRY(run, os_socket_pair(end));
        for (uint32_t i = 0; i < 2; i++) {
            polled[own->opened + i] = (struct os_poll){end[i], OS_POLL_READ, 0};
            set[end[i] / 64] |= (uint64_t)1 << end[i] % 64;
            own->bits = (uint32_t)end[i] + 1;
        }
    }
    own->fds = (uint32_t)fds;
    return 0;
}

static inline long ready(struct state *own) {
    uint64_t copy[WORDS];
    if (!own->by)
        return library_poll(polled, own->fds);
    for (uint32_t i = 0; i < 16; i++) /* words of an fd_set; libMicro copies all of it */
        copy[i] = set[i];
    return library_select(copy, own->bits);
}

static inline void op(struct run *run) {
    EXPECT(run, ready(state(run)) == 0);
}

static long verify(struct run *run) {
    char byte = 1;
    TRY(run, os_write(polled[1].fd, &byte, 1));
    long one = ready(state(run));
    TRY(run, os_read(polled[0].fd, &byte, 1));
    return one == 1 && ready(state(run)) == 0 ? 0 : WRONG(run, "the socket that can be read was not named");
}

static void teardown(struct run *run) {
    for (uint32_t i = 0; i < state(run)->opened; i++)
        os_close(polled[i].fd);
    for (uint32_t i = 0; i < WORDS; i++)
        set[i] = 0;
}

WORKLOAD{
    .name = "sockets_ready",
    .family = "beside",
    .what = "poll or select of sockets with nothing in them",
    .per = PER_CALL,
    .ends = 1,
    .alone = 1,
    .params = "fds=10 by=0",
    STEPS_AND_TEARDOWN,
};
