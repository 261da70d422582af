/* Ping-pong between two processes over a pair of connected local sockets: write `size` bytes, wait for them to come
 * back. One operation is the ROUND TRIP, as in pipe_latency, whose numbers it stands beside. */
#include "workloads/message.h"
#include "workloads/peer.h"

enum { HERE, THERE };

struct state {
    int end[2];
    struct os_process process;
    int started;
    size_t size;
};
STATE(struct state)

static void echo(void *argument) {
    struct run *run = argument;
    struct state *own = state(run);
    long got;
    pipe_close_end(&own->end[HERE]);
    run_pin(run, 1);
    while ((got = os_read(own->end[THERE], message, own->size)) > 0 && message[0] != MESSAGE_STOP) {
        message[0]++;
        if (os_write(own->end[THERE], message, (size_t)got) != got)
            break;
        message[0] = MESSAGE_STOP;
    }
}

static long setup(struct run *run) {
    struct state *own = state(run);
    long refused = message_size(run, &own->size);
    if (refused < 0)
        return refused;
    TRY(run, os_socket_pair(own->end));
    TRY(run, os_process_start(&own->process, echo, run));
    own->started = 1;
    pipe_close_end(&own->end[THERE]);
    return 0;
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    message[0] = MESSAGE_ASK;
    long sent = os_write(own->end[HERE], message, own->size);
    long got = os_read(own->end[HERE], message, own->size);
    EXPECT(run, (sent == (long)own->size) & (got == sent) & (message[0] == MESSAGE_ANSWER));
}

static long verify(struct run *run) {
    return message_verify(run, op);
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    message[0] = MESSAGE_STOP;
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
