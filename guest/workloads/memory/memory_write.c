/* `size` bytes are written, eight at a time, by the program itself: no kernel takes part after the mapping. The
 * bandwidth of the cache or the memory that holds them, beside memory_copy's. */
#include "workloads/stretch.h"

enum { VALUE }; /* word of the shared page: each operation writes another value */
STATE(struct buffer)

static long setup(struct run *run) {
    return stretch_map(run, state(run));
}

static inline void op(struct run *run) {
    uint64_t value = ++run->shared->word[VALUE];
    for (uint64_t *at = state(run)->at, *end = at + state(run)->size / 8; at < end; at += 8)
        for (unsigned i = 0; i < 8; i++)
            at[i] = value;
}

static long verify(struct run *run) {
    op(run);
    for (size_t i = 0; i < state(run)->size / 8; i++)
        if (((volatile uint64_t *)state(run)->at)[i] != run->shared->word[VALUE])
            return WRONG(run, "not all of the memory was written");
    return 0;
}

static void teardown(struct run *run) {
    buffer_unmap(state(run));
}

WORKLOAD{
    .name = "memory_write",
    .family = "memory",
    .what = "write memory by the program itself",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=65536",
    STEPS_AND_TEARDOWN,
};
