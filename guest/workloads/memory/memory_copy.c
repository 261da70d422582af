/* `size` bytes are copied from one buffer to another, eight at a time, by the program itself: no kernel takes part
 * after the mapping. The bandwidth of the caches or the memory that hold both, and a control for what an OS does to
 * memory. */
#include "workloads/stretch.h"

struct state {
    struct buffer from, to;
};
STATE(struct state)

static long setup(struct run *run) {
    long first = stretch_map(run, &state(run)->from);
    return first < 0 ? first : stretch_map(run, &state(run)->to);
}

static inline void op(struct run *run) {
    const uint64_t *from = state(run)->from.at, *end = from + state(run)->from.size / 8;
    for (uint64_t *to = state(run)->to.at; from < end; from += 8, to += 8)
        for (unsigned i = 0; i < 8; i++)
            to[i] = from[i];
}

static long verify(struct run *run) {
    struct state *own = state(run);
    memset(own->to.at, 0, own->to.size);
    ((unsigned char *)own->from.at)[own->from.size - 1] = 42;
    op(run);
    return memcmp(own->from.at, own->to.at, own->to.size) == 0 ? 0 : WRONG(run, "the copy is not the same");
}

static void teardown(struct run *run) {
    buffer_unmap(&state(run)->from);
    buffer_unmap(&state(run)->to);
}

WORKLOAD{
    .name = "memory_copy",
    .family = "memory",
    .what = "copy memory by the program itself",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=65536",
    STEPS_AND_TEARDOWN,
};
