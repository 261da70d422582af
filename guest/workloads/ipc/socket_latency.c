/* Ping-pong between two processes over a pair of connected local sockets: write `size` bytes, wait for them to come
 * back. One operation is the ROUND TRIP, as in pipe_latency, whose numbers it stands beside. The other process leaves
 * at a message that begins with zero, because not every kernel tells it that its partner has gone. */
#include "workloads/peer.h"

enum { LARGEST = 4096, STOP = 0 };
enum { HERE, THERE };

struct state {
    int end[2];
    struct os_process process;
    int started;
    size_t size;
};
STATE(struct state)

static char message[LARGEST];

static void echo(void *argument) {
    struct run *run = argument;
    struct state *own = state(run);
    long got;
    pipe_close_end(&own->end[HERE]);
    run_pin(run, 1);
    while ((got = os_read(own->end[THERE], message, own->size)) > 0 && message[0] != STOP) {
        message[0]++; /* so that the first end can tell an answer from its own bytes */
        if (os_write(own->end[THERE], message, (size_t)got) != got)
            break;
        message[0] = STOP;
    }
}

static long setup(struct run *run) {
    struct state *own = state(run);
    int64_t size = run_param(run, "size");
    if (size < 1 || size > LARGEST)
        return REFUSE(run, "size", "1..4096");
    own->size = (size_t)size;
    run->bytes = 2 * (uint64_t)size;
    TRY(run, os_socket_pair(own->end));
    TRY(run, os_process_start(&own->process, echo, run));
    own->started = 1;
    pipe_close_end(&own->end[THERE]);
    return 0;
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    message[0] = 1;
    long sent = os_write(own->end[HERE], message, own->size);
    long got = os_read(own->end[HERE], message, own->size);
    EXPECT(run, (sent == (long)own->size) & (got == sent) & (message[0] == 2));
}

static long verify(struct run *run) {
    for (unsigned turn = 0; turn < 32 && !run->failed; turn++)
        op(run);
    return run->failed ? WRONG(run, "what came back was not the other process's answer") : 0;
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    message[0] = STOP;
    if (own->started)
        os_write(own->end[HERE], message, own->size);
    pipe_close_end(&own->end[HERE]);
    pipe_close_end(&own->end[THERE]);
    if (own->started)
        os_process_join(&own->process);
}

WORKLOAD{
    .name = "socket_latency",
    .family = "ipc",
    .what = "round trip of a message between two processes over local sockets",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .switches = 2,
    .params = "size=1",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
