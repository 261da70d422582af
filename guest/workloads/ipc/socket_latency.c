/* Ping-pong between two processes over a pair of connected local sockets: write `size` bytes, wait for them to come
 * back. One operation is the ROUND TRIP, as in pipe_latency, whose numbers it stands beside. Pitfall: where a daemon
 * keeps the sockets, each of the four calls is itself a round trip to it; the two switches counted are those
 * between the two processes alone. */
#include "workloads/echo.h"

STATE(struct echo)

static void answer(void *argument) {
    struct run *run = argument;
    echo_answer(run, state(run));
}

static long setup(struct run *run) {
    long refused = message_size(run, &state(run)->size);
    if (refused < 0)
        return refused;
    TRY(run, os_socket_pair(state(run)->end));
    return echo_start(run, state(run), answer);
}

static inline void op(struct run *run) {
    echo_turn(run, state(run));
}

static long verify(struct run *run) {
    return message_verify(run, op);
}

static void teardown(struct run *run) {
    echo_end(state(run));
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
