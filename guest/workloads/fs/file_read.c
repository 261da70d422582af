/* `size` bytes of a cached file are read at offset 0 (pread): the way through descriptor and page cache, and the copy.
 * The descriptor does not move, so every operation is the same. */
#include "workloads/cached.h"

STATE(struct cached)

static long setup(struct run *run) {
    return cached_make(run, state(run));
}

static inline void op(struct run *run) {
    struct cached *own = state(run);
    EXPECT(run, CALL(run, read_at, own->scratch.fd, own->buffer.at, own->buffer.size, 0) == (long)own->buffer.size);
}

static long verify(struct run *run) {
    struct cached *own = state(run);
    long took;
    TRY(run, took = os_read_at(own->scratch.fd, own->buffer.at, own->buffer.size, 0));
    if (took != (long)own->buffer.size)
        return WRONG(run, "not all bytes were moved");
    unsigned char *byte = own->buffer.at;
    uint64_t sum = buffer_sum(&own->buffer, own->buffer.size);
    for (size_t i = 0; i < own->buffer.size; i++)
        byte[i] = 0;
    op(run);
    if (run->failed)
        return WRONG(run, "not all bytes were read");
    return buffer_sum(&own->buffer, own->buffer.size) == sum ? 0 : WRONG(run, "other bytes came than are in the file");
}

static void teardown(struct run *run) {
    cached_end(state(run));
}

WORKLOAD{
    .name = "file_read",
    .family = "fs",
    .what = "read `size` bytes of a cached file at offset 0 (pread)",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=4096 library=0",
    STEPS_AND_TEARDOWN,
};
