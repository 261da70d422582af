/* `size` bytes are read, eight at a time, and added up, by the program itself: no kernel takes part after the mapping.
 * The bandwidth of the cache or the memory that holds them, beside memory_copy's. */
#include "workloads/stretch.h"

enum { SUM }; /* word of the shared page: keeps the compiler from leaving loads out */
STATE(struct buffer)

static long setup(struct run *run) {
    return stretch_map(run, state(run));
}

static inline void op(struct run *run) {
    uint64_t a = 0, b = 0, c = 0, d = 0; /* no addition waits for the one before */
    for (const uint64_t *at = state(run)->at, *end = at + state(run)->size / 8; at < end; at += 8) {
        a += at[0] + at[4];
        b += at[1] + at[5];
        c += at[2] + at[6];
        d += at[3] + at[7];
    }
    run->shared->word[SUM] = a + b + c + d;
}

static long verify(struct run *run) {
    volatile unsigned char *last = (unsigned char *)state(run)->at + state(run)->size - 1;
    op(run);
    uint64_t before = run->shared->word[SUM];
    --*last;
    op(run);
    return before - run->shared->word[SUM] == (uint64_t)1 << 56 ? 0 : WRONG(run, "the last bytes were not read");
}

static void teardown(struct run *run) {
    buffer_unmap(state(run));
}

WORKLOAD{
    .name = "memory_read",
    .family = "memory",
    .what = "read memory by the program itself",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=65536",
    STEPS_AND_TEARDOWN,
};
