/* pipe_latency between programs like those with a C library, with the message on the stack of each, as in perf,
 * will-it-scale and UnixBench: a page that every call touches anyway. A process switch may flush the TLB, so that each
 * touched page misses once. */
#include "workloads/lines.h"

enum { WORDS = 8 };

static void echo(void *argument) {
    struct run *run = argument;
    struct lines *own = state(run);
    char words[WORDS] = {0};
    peer_enter(run, &own->peer);
    while (library_read(own->peer.there[0], words, own->size) == (long)own->size) {
        words[0]++;
        if (library_write(own->peer.back[1], words, own->size) < 0)
            break;
    }
}

static inline void op(struct run *run) {
    struct lines *own = state(run);
    char words[WORDS] = {0};
    long sent = library_write(own->peer.there[1], words, own->size);
    long got = library_read(own->peer.back[0], words, own->size);
    EXPECT(run, (sent >= 0) & (got == (long)own->size) & (words[0] == 1));
}

static long setup(struct run *run) {
    if (run_param(run, "size") > WORDS)
        return REFUSE(run, "size", "1..8");
    return lines_start(run, state(run), pipe_line, echo);
}

static long verify(struct run *run) {
    op(run);
    return run->failed ? WRONG(run, "what came back was not the other process's answer") : 0;
}

static void teardown(struct run *run) {
    lines_end(state(run));
}

WORKLOAD{
    .name = "stack_lines",
    .family = "beside",
    .what = "round trip of a message on the stack between two processes over two pipes, on a C library",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .through = "pipe",
    .switches = 2,
    .params = "size=1 library=1",
    STEPS_AND_TEARDOWN,
};
