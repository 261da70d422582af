/* Of `fds` descriptors one can be read; select reports it and does not wait. Against poll_ready: the descriptors are
 * bits of a set, which the call overwrites, so the program copies it each time; the kernel looks at every number up to
 * the largest. All but one are duplicates of one pipe's descriptor, which stays empty. */
#include "workloads/library.h"
#include "workloads/wire.h"

enum { MOST = 1000, WORDS = 32 };
static uint64_t asked[WORDS];
static int16_t quiet[MOST];

struct state {
    struct wire ready, never;
    uint32_t bits, quiet;
};
STATE(struct state)

static void ask(struct run *run, int fd) {
    asked[fd / 64] |= (uint64_t)1 << fd % 64;
    if ((uint32_t)fd >= state(run)->bits)
        state(run)->bits = (uint32_t)fd + 1;
}

static inline long answer(struct run *run, uint64_t set[WORDS]) {
    for (uint32_t i = 0; i * 64 < state(run)->bits; i++)
        set[i] = asked[i];
    return CALL(run, select, set, state(run)->bits);
}

static long setup(struct run *run) {
    struct state *own = state(run);
    PARAMETER(run, fds, 1, 1000);
    long result;
    for (unsigned i = 0; i < WORDS; i++)
        asked[i] = 0;
    TRY(run, os_select(asked, 0));
    if ((result = wire_make(run, &own->ready)) < 0 || (result = wire_make(run, &own->never)) < 0)
        return result;
    for (; own->quiet + 1 < fds; own->quiet++) {
        TRY(run, result = os_dup(own->never.end[0]));
        quiet[own->quiet] = (int16_t)result;
        ask(run, (int)result);
    }
    ask(run, own->ready.end[0]);
    return wire_put(own->ready.end[1], 1) ? 0 : REFUSE(run, "fds", "1..1000");
}

static inline void op(struct run *run) {
    uint64_t set[WORDS];
    EXPECT(run, answer(run, set) == 1);
}

static long verify(struct run *run) {
    uint64_t set[WORDS] = {0};
    int fd = state(run)->ready.end[0];
    if (answer(run, set) != 1 || set[fd / 64] != (uint64_t)1 << fd % 64)
        return WRONG(run, "the pipe that can be read was not named, or others were");
    if (wire_take(fd) != 1 || answer(run, set) != 0)
        return WRONG(run, "an empty pipe was named");
    return wire_put(state(run)->ready.end[1], 1) ? 0 : WRONG(run, "the pipe could not be written to again");
}

static void teardown(struct run *run) {
    while (state(run)->quiet > 0)
        os_close(quiet[--state(run)->quiet]);
    wire_end(&state(run)->ready);
    wire_end(&state(run)->never);
}

WORKLOAD{
    .name = "select_ready",
    .family = "ipc",
    .what = "which of `fds` descriptors can be read, without waiting (select)",
    .per = PER_CALL,
    .ends = 1,
    .alone = 1,
    .params = "fds=10 library=0",
    STEPS_AND_TEARDOWN,
};
