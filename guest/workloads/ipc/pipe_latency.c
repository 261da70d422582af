/* Ping-pong between two processes over two pipes: write `size` bytes, wait for them to come back. One operation is the
 * ROUND TRIP: two writes, two reads, two context switches; halve it and you have what others call one-way latency.
 * Pitfall: on one core or on two the number differs twentyfold, so both ends are placed and their CPUs recorded.
 * library=1 makes both ends programs on a C library, which is what other tools time: they call through functions, whose
 * returns a kernel may make slow (null_call_wrapped.c), and the kernel knows their threads (os_library_enter), for
 * which it may do some more at each switch: 5 % of a round trip and more. */
#include "workloads/library.h"
#include "workloads/message.h"
#include "workloads/peer.h"

struct state {
    struct peer peer;
    size_t size;
    int entered;
};
STATE(struct state)

static inline long receive(struct run *run, int fd) {
    return CALL(run, read, fd, message, state(run)->size);
}

static inline long send(struct run *run, int fd) {
    return CALL(run, write, fd, message, state(run)->size);
}

static void echo(void *argument) {
    struct run *run = argument;
    struct state *own = state(run);
    peer_enter(run, &own->peer);
    while (receive(run, own->peer.there[0]) == (long)own->size) {
        message[0]++;
        if (send(run, own->peer.back[1]) != (long)own->size)
            break;
    }
}

static long setup(struct run *run) {
    long refused = message_size(run, &state(run)->size);
    if (refused < 0)
        return refused;
    if (run->library)
        TRY(run, os_library_enter());
    state(run)->entered = run->library;
    return peer_start(run, &state(run)->peer, echo);
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    long sent = send(run, own->peer.there[1]);
    long got = receive(run, own->peer.back[0]);
    EXPECT(run, (sent == (long)own->size) & (got == sent));
}

static long verify(struct run *run) {
    for (char first = 1; first < 64 && !run->failed; first += 2) {
        message[0] = first;
        op(run);
        if (message[0] != first + 1)
            return WRONG(run, "what came back was not the other process's answer");
    }
    return run->failed ? WRONG(run, "the bytes did not come back") : 0;
}

static void teardown(struct run *run) {
    peer_end(&state(run)->peer);
    if (state(run)->entered)
        os_library_leave();
}

WORKLOAD{
    .name = "pipe_latency",
    .family = "ipc",
    .what = "round trip of a message between two processes over two pipes",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "size=1 library=0",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
