/* A file is made, `size` bytes are written to it, it is closed and removed: an entry of a directory and a file come and
 * go. One operation is the four calls (three where size is 0). No disk is waited for. */
#include "workloads/buffer.h"

#include "workloads/scratch.h"

enum { LARGEST = 1 << 20 };

struct state {
    struct scratch scratch; /* only its name is used */
    struct buffer buffer;
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t size = run_param(run, "size");
    if (size < 0 || size > LARGEST)
        return REFUSE(run, "size", "0..1048576");
    run->bytes = state(run)->buffer.size = (size_t)size;
    scratch_name(&state(run)->scratch);
    return buffer_map(run, &state(run)->buffer);
}

static inline int make(struct state *own) {
    long size = (long)own->buffer.size, fd = os_open(own->scratch.path, OS_WRITE | OS_CREATE);
    int wrote = fd >= 0 && (!size || os_write((int)fd, own->buffer.at, own->buffer.size) == size);
    return fd >= 0 && os_close((int)fd) == 0 && wrote;
}

static inline void op(struct run *run) {
    EXPECT(run, make(state(run)));
    EXPECT(run, os_remove(state(run)->scratch.path) == 0);
}

/* The file is made and removed by the operation itself, and once by its first half only, so that its length can be
 * checked. */
static long verify(struct run *run) {
    struct state *own = state(run);
    long fd, count = 0;
    TRY(run, fd = os_open(own->scratch.path, OS_WRITE | OS_CREATE));
    TRY(run, os_close((int)fd));
    TRY(run, os_remove(own->scratch.path));
    op(run);
    if (run->failed)
        return WRONG(run, "the file could not be made, written, closed and removed");
    if (os_open(own->scratch.path, OS_READ) >= 0)
        return WRONG(run, "a file that was removed could be opened");
    if (!make(own))
        return WRONG(run, "the file could not be made again");
    TRY(run, fd = os_open(own->scratch.path, OS_READ));
    for (char byte; count <= (long)own->buffer.size && os_read((int)fd, &byte, 1) == 1;)
        count++;
    os_close((int)fd);
    TRY(run, os_remove(own->scratch.path));
    return count == (long)own->buffer.size ? 0 : WRONG(run, "the file did not hold what was written");
}

static void teardown(struct run *run) {
    buffer_unmap(&state(run)->buffer);
}

WORKLOAD{
    .name = "file_create_remove",
    .family = "fs",
    .what = "make a file, write `size` bytes, close and remove it",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=0",
    STEPS_AND_TEARDOWN,
};
