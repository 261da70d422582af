/* A mapping of `size` bytes becomes twice as long and as it was before (mremap): two calls. Nothing stands in its way,
 * so that it need not move; what is new is not touched. */
#include "workloads/workload.h"

enum { LARGEST = 32 << 20 };

struct state {
    void *at;
    size_t size;
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t size = run_param(run, "size");
    if (size < 1 || size > LARGEST)
        return REFUSE(run, "size", "1..33554432");
    state(run)->size = (size_t)size;
    TRY(run, os_map(state(run)->size, &state(run)->at));
    return 0;
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    long grown = os_remap(own->at, own->size, 2 * own->size, &own->at);
    EXPECT(run, (grown >= 0) & (os_remap(own->at, 2 * own->size, own->size, &own->at) >= 0));
}

static long verify(struct run *run) {
    struct state *own = state(run);
    *(volatile char *)own->at = 42;
    TRY(run, os_remap(own->at, own->size, 2 * own->size, &own->at));
    volatile char *grown = own->at;
    grown[2 * own->size - 1] = 43;
    int kept = grown[0] == 42 && grown[2 * own->size - 1] == 43;
    TRY(run, os_remap(own->at, 2 * own->size, own->size, &own->at));
    op(run);
    return kept && *(volatile char *)own->at == 42 ? 0 : WRONG(run, "the mapping did not keep what was in it");
}

static void teardown(struct run *run) {
    if (state(run)->at)
        os_unmap(state(run)->at, state(run)->size);
}

WORKLOAD{
    .name = "map_resize",
    .family = "memory",
    .what = "make a mapping longer and shorter again (mremap)",
    .per = PER_ITERATION,
    .ends = 1,
    .params = "size=4096",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
