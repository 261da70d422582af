/* Touched memory of `size` bytes is made read-only and writable again: two calls that change the rights of present
 * pages, and invalidate their translations. One operation is both. */
#include "workloads/buffer.h"
#include "workloads/library.h"

STATE(struct buffer)

static long setup(struct run *run) {
    PARAMETER(run, size, 1, 67108864);
    state(run)->size = (size_t)size;
    return buffer_map(run, state(run));
}

static inline void op(struct run *run) {
    struct buffer *own = state(run);
    EXPECT(run, (CALL(run, protect, own->at, own->size, 0) == 0) & (CALL(run, protect, own->at, own->size, 1) == 0));
}

static long verify(struct run *run) {
    struct buffer *own = state(run);
    volatile char *first = own->at;
    TRY(run, os_protect(own->at, own->size, 0));
    TRY(run, os_protect(own->at, own->size, 1));
    *first = 1;
    TRY(run, os_protect(own->at, own->size, 0));
    TRY(run, os_try_write(own->at));
    char kept = *first;
    TRY(run, os_protect(own->at, own->size, 1));
    return kept == 1 ? 0 : WRONG(run, "read-only memory could be written to");
}

static void teardown(struct run *run) {
    buffer_unmap(state(run));
}

WORKLOAD{
    .name = "protect",
    .family = "memory",
    .what = "make mapped memory read-only and writable again (mprotect)",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=4096 library=0",
    STEPS_AND_TEARDOWN,
};
