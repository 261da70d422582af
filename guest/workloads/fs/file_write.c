/* `size` bytes of a cached file are overwritten at offset 0 (pwrite): the way through descriptor and page cache, and
 * the copy. The file does not grow, and nobody waits for a disk. */
#include "workloads/buffer.h"
#include "workloads/library.h"
#include "workloads/scratch.h"

enum { LARGEST = 1 << 20 };

struct state {
    struct scratch scratch;
    struct buffer buffer;
};
STATE(struct state)

static long setup(struct run *run) {
    struct state *own = state(run);
    int64_t size = run_param(run, "size");
    if (size < 1 || size > LARGEST)
        return REFUSE(run, "size", "1..1048576");
    run->bytes = own->buffer.size = (size_t)size;
    long mapped = buffer_map(run, &own->buffer);
    return mapped < 0 ? mapped : scratch_make(run, &own->scratch, own->buffer.at, own->buffer.size);
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    EXPECT(run, CALL(run, write_at, own->scratch.fd, own->buffer.at, own->buffer.size, 0) == (long)own->buffer.size);
}

static long verify(struct run *run) {
    struct state *own = state(run);
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
    scratch_end(&state(run)->scratch);
    buffer_unmap(&state(run)->buffer);
}

WORKLOAD{
    .name = "file_write",
    .family = "fs",
    .what = "overwrite `size` bytes of a cached file at offset 0 (pwrite)",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=4096 library=0",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
