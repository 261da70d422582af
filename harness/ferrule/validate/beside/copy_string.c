/* 64 KiB copied by the processor's string instruction, as a C library does for sizes like this one. */
#include "workloads/buffer.h"

enum { SIZE = 65536 };

struct state {
    struct buffer from, to;
};
STATE(struct state)

static long setup(struct run *run) {
    struct state *own = state(run);
    run->bytes = own->from.size = own->to.size = SIZE;
    long first = buffer_map(run, &own->from);
    return first < 0 ? first : buffer_map(run, &own->to);
}

static inline void op(struct run *run) {
    const void *from = state(run)->from.at;
    void *to = state(run)->to.at;
    size_t size = SIZE;
    __asm__ volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(size) : : "memory");
}

static long verify(struct run *run) {
    struct state *own = state(run);
    memset(own->to.at, 0, SIZE);
    op(run);
    return memcmp(own->from.at, own->to.at, SIZE) == 0 ? 0 : WRONG(run, "the copy is not the same");
}

static void teardown(struct run *run) {
    buffer_unmap(&state(run)->from);
    buffer_unmap(&state(run)->to);
}

WORKLOAD{
    .name = "copy_string",
    .family = "beside",
    .what = "copy 64 KiB by the string instruction",
    .per = PER_CALL,
    .ends = 1,
    STEPS_AND_TEARDOWN,
};
