/* `size` bytes of a cached file are overwritten at offset 0 (pwrite): the way through descriptor and page cache, and
 * the copy. The file does not grow, and no disk is waited for. */
#include "workloads/cached.h"

STATE(struct cached)

static long setup(struct run *run) {
    return cached_make(run, state(run));
}

static inline void op(struct run *run) {
    struct cached *own = state(run);
    EXPECT(run, CALL(run, write_at, own->scratch.fd, own->buffer.at, own->buffer.size, 0) == (long)own->buffer.size);
}

static long verify(struct run *run) {
    struct cached *own = state(run);
    long took;
    TRY(run, took = os_write_at(own->scratch.fd, own->buffer.at, own->buffer.size, 0));
    if (took != (long)own->buffer.size)
        return WRONG(run, "not all bytes were moved");
    unsigned char *byte = own->buffer.at, seen = 0;
    long got;
    byte[own->buffer.size - 1] ^= 0xff;
    op(run);
    if (run->failed)
        return WRONG(run, "not all bytes were written");
    TRY(run, got = os_read_at(own->scratch.fd, &seen, 1, own->buffer.size - 1));
    return got == 1 && seen == byte[own->buffer.size - 1] ? 0 : WRONG(run, "the file did not hold what was written");
}

static void teardown(struct run *run) {
    cached_end(state(run));
}

WORKLOAD{
    .name = "file_write",
    .family = "fs",
    .what = "overwrite `size` bytes of a cached file at offset 0 (pwrite)",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=4096 library=0",
    STEPS_AND_TEARDOWN,
};
