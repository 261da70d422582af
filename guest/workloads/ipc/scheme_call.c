/* A call on a descriptor that another program answers: the caller sleeps until the server has read the request, seen
 * `size` bytes of the caller in place, and written its answer. One operation is the ROUND TRIP: the caller's one call,
 * the server's read and write, two context switches. With space=1 the server is a process of its own, into which the
 * kernel maps the caller's bytes for as long as the call takes; with space=0 it is a thread of the caller's process and
 * nothing is mapped. The server touches one byte of them. Only kernels with schemes have it. */
#include "workloads/buffer.h"
#include "workloads/scheme.h"

struct state {
    struct served served;
    int file;
    struct buffer buffer;
};
STATE(struct state)

static char stack[16384] __attribute__((aligned(64)));

static void serve(void *argument) {
    struct run *run = argument;
    run_pin(run, 1);
    scheme_answer(run, &state(run)->served);
}

static long setup(struct run *run) {
    struct state *own = state(run);
    PARAMETER(run, size, 0, 1048576);
    int64_t space = run_param(run, "space");
    if (space != 0 && space != 1)
        return REFUSE(run, "space", "0 (the caller's own) or 1 (another)");
    own->served.own_space = (int)space;
    own->buffer.size = (size_t)size;
    run->bytes = 2 * (uint64_t)size;
    PASS_ON(scheme_start(run, &own->served, serve, stack, sizeof stack));
    TRY_FD(run, own->file, os_scheme_open(own->served.root));
    return buffer_map(run, &own->buffer);
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    EXPECT(run, os_scheme_call(own->file, own->buffer.at, own->buffer.size) == (long)own->buffer.size);
}

static long verify(struct run *run) {
    struct buffer *buffer = &state(run)->buffer;
    uint64_t sum = buffer_sum(buffer, buffer->size);
    run->shared->word[SCHEME_CHECK] = 1;
    op(run);
    run->shared->word[SCHEME_CHECK] = 0;
    if (run->failed || run->shared->word[SCHEME_CALLS] != 1)
        return WRONG(run, "the answer was not the server's");
    if (run->shared->word[SCHEME_SUM] != sum)
        return WRONG(run, "the server saw other bytes");
    return buffer_sum(buffer, buffer->size) == sum + !!buffer->size
               ? 0
               : WRONG(run, "what the server wrote did not come back");
}

static void teardown(struct run *run) {
    scheme_end(run, &state(run)->served, state(run)->file);
    buffer_unmap(&state(run)->buffer);
}

WORKLOAD{
    .name = "scheme_call",
    .family = "ipc",
    .what = "call on a descriptor that another context answers",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "size=0 space=1",
    STEPS_AND_TEARDOWN,
};
