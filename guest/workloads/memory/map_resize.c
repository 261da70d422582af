/* A mapping of `size` bytes is doubled and shrunk again (mremap): two calls. The addresses behind it are free, so it
 * need not move; the new part is not touched. */
#include "workloads/buffer.h"

STATE(struct buffer)

static long setup(struct run *run) {
    PARAMETER(run, size, 1, 33554432);
    state(run)->size = (size_t)size;
    TRY(run, os_map(state(run)->size, &state(run)->at));
    return 0;
}

static inline void op(struct run *run) {
    struct buffer *own = state(run);
    long grown = os_remap(own->at, own->size, 2 * own->size, &own->at);
    EXPECT(run, (grown >= 0) & (os_remap(own->at, 2 * own->size, own->size, &own->at) >= 0));
}

static long verify(struct run *run) {
    struct buffer *own = state(run);
    *(volatile char *)own->at = 42;
    TRY(run, os_remap(own->at, own->size, 2 * own->size, &own->at));
    volatile char *grown = own->at;
    grown[2 * own->size - 1] = 43;
    int kept = grown[0] == 42 && grown[2 * own->size - 1] == 43;
    TRY(run, os_remap(own->at, 2 * own->size, own->size, &own->at));
    op(run);
    return kept && *(volatile char *)own->at == 42 ? 0 : WRONG(run, "the mapping did not keep its content");
}

static void teardown(struct run *run) {
    buffer_unmap(state(run));
}

WORKLOAD{
    .name = "map_resize",
    .family = "memory",
    .what = "make a mapping longer and shorter again (mremap)",
    .per = PER_ITERATION,
    .ends = 1,
    .params = "size=4096",
    STEPS_AND_TEARDOWN,
};
