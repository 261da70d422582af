/* Ping-pong between two processes over two pipes: write `size` bytes, wait for them to come back. One operation is the
 * ROUND TRIP: two writes, two reads, two context switches; halve it and you have what others call one-way latency.
 * Pitfall: on one core or on two the number differs twentyfold, so both ends are placed and their CPUs recorded.
 * library=1 makes both ends programs on a C library, which is what other tools time: they call through functions, whose
 * returns a kernel may make slow (null_call_wrapped.c), and the kernel knows their threads (os_library_enter), for
 * which it may do some more at each switch: 5 % of a round trip and more. */
#include "workloads/message.h"
#include "workloads/peer.h"

struct state {
    struct peer peer;
    size_t size;
    int library, entered;
};
STATE(struct state)

__attribute__((noinline)) static long wrapped_read(int fd, void *into, size_t size) {
    return os_read(fd, into, size);
}

__attribute__((noinline)) static long wrapped_write(int fd, const void *from, size_t size) {
    return os_write(fd, from, size);
}

static inline long receive(const struct state *own, int fd) {
    return own->library ? wrapped_read(fd, message, own->size) : os_read(fd, message, own->size);
}

static inline long send(const struct state *own, int fd) {
    return own->library ? wrapped_write(fd, message, own->size) : os_write(fd, message, own->size);
}

static void echo(void *argument) {
    struct run *run = argument;
    struct state *own = state(run);
    peer_enter(run, &own->peer);
    while (receive(own, own->peer.there[0]) == (long)own->size) {
        message[0]++;
        if (send(own, own->peer.back[1]) != (long)own->size)
            break;
    }
}

static long setup(struct run *run) {
    long refused = message_size(run, &state(run)->size);
    if (refused < 0)
        return refused;
    state(run)->library = run_param(run, "library") != 0;
    if (state(run)->library)
        TRY(run, os_library_enter());
    state(run)->entered = state(run)->library;
    return peer_start(run, &state(run)->peer, echo);
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    long sent = send(own, own->peer.there[1]);
    long got = receive(own, own->peer.back[0]);
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
    .switches = 2,
    .params = "size=1 library=0",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
