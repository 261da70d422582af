/* Each page of a mapping of `size` bytes is written once and all of them are thrown away, while the mapping stays
 * (madvise(MADV_DONTNEED)): what an allocator does that gives memory back. One operation is the call and a page fault
 * for each page. Against map_unmap touch=1 it shows what keeping the mapping saves. */
#include "workloads/buffer.h"

STATE(struct buffer)

static long setup(struct run *run) {
    PARAMETER(run, size, 1, 67108864);
    state(run)->size = (size_t)size;
    PASS_ON(buffer_map(run, state(run)));
    TRY(run, os_discard(state(run)->at, state(run)->size));
    return 0;
}

static inline void op(struct run *run) {
    struct buffer *own = state(run);
    for (size_t i = 0; i < own->size; i += OS_PAGE)
        ((volatile char *)own->at)[i] = 1;
    EXPECT(run, os_discard(own->at, own->size) >= 0);
}

static long verify(struct run *run) {
    op(run);
    for (size_t i = 0; i < state(run)->size; i += OS_PAGE)
        if (((volatile char *)state(run)->at)[i])
            return WRONG(run, "a page that had been thrown away kept its content");
    return 0;
}

static void teardown(struct run *run) {
    buffer_unmap(state(run));
}

WORKLOAD{
    .name = "discard",
    .family = "memory",
    .what = "write pages and throw them away (madvise)",
    .per = PER_ITERATION,
    .ends = 1,
    .params = "size=4096",
    STEPS_AND_TEARDOWN,
};
