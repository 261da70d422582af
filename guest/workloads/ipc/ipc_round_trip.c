/* A message of one word from a process to another and the answer back, in registers: the caller sleeps until the server
 * has answered, the server until it is called again. One operation is the ROUND TRIP, two context switches. Only
 * kernels with messages of their own have it; what others pay for the same is pipe_latency. */
#include "workloads/workload.h"

enum { STOP = 0 };

struct state {
    struct os_process server;
    int started;
    long next;
};
STATE(struct state)

static void serve(void *argument) {
    struct run *run = argument;
    long message = 0, reply = 0;
    run_pin(run, 1);
    while ((message = os_ipc_serve(reply)) > STOP)
        reply = message + 1;
}

static long setup(struct run *run) {
    struct state *own = state(run);
    TRY(run, os_process_start(&own->server, serve, run));
    own->started = 1;
    own->next = 1;
    return 0;
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    EXPECT(run, os_ipc_call(&own->server, own->next) == own->next + 1);
}

static long verify(struct run *run) {
    struct state *own = state(run);
    for (long answer; own->next < 100; own->next++) {
        TRY(run, answer = os_ipc_call(&own->server, own->next));
        if (answer != own->next + 1)
            return WRONG(run, "the answer was not the server's");
    }
    return 0;
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    if (own->started) {
        os_ipc_call(&own->server, STOP); /* it ends instead of answering */
        os_process_join(&own->server);
    }
}

WORKLOAD{
    .name = "ipc_round_trip",
    .family = "ipc",
    .what = "one-word message to another process and its answer, in registers",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .switches = 2,
    .bytes = 0, /* a register is loaded, nothing is copied: no sibling of a pipe's hop, which carries bytes */
    STEPS_AND_TEARDOWN,
};
