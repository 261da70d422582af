/* open(path, read) and close of one small file that exists and stays cached: path look-up in two components, a file
 * description made and thrown away. No data is read. Pitfall: the file system behind /tmp is part of the number; the
 * port reports which one it is (fact tmp.fs). */
#include "workloads/library.h"
#include "workloads/scratch.h"

STATE(struct scratch)

static long setup(struct run *run) {
    PASS_ON(scratch_small(run, state(run)));
    TRY(run, os_close(state(run)->fd));
    state(run)->fd = 0;
    return 0;
}

static long verify(struct run *run) {
    char seen[sizeof scratch_content] = {0};
    long fd, length, again;
    TRY(run, fd = os_open(state(run)->path, OS_READ));
    TRY(run, length = os_read((int)fd, seen, sizeof seen));
    TRY(run, os_close((int)fd));
    if (length != sizeof seen || memcmp(seen, scratch_content, sizeof seen) != 0)
        return WRONG(run, "the file opened does not hold what was written to it");
    if (os_close((int)fd) >= 0)
        return WRONG(run, "a closed file could be closed again");
    TRY(run, again = os_open(state(run)->path, OS_READ));
    TRY(run, os_close((int)again));
    return again == fd ? 0 : WRONG(run, "the descriptor closed was not free for the next open");
}

static void teardown(struct run *run) {
    scratch_end(state(run));
}

static inline void op(struct run *run) {
    long fd = CALL(run, open, state(run)->path, OS_READ);
    EXPECT(run, (fd >= 0) & (CALL(run, close, (int)fd) == 0));
}

WORKLOAD{
    .name = "open_close",
    .family = "fs",
    .what = "open and close of a small cached file",
    .per = PER_CALL,
    .ends = 1,
    .params = "library=0",
    STEPS_AND_TEARDOWN,
};
