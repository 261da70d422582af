/* A whole file that no other program wants is locked and unlocked (flock). One operation is both calls: what a program
 * pays for sharing a file safely. */
#include "workloads/library.h"
#include "workloads/scratch.h"

STATE(struct scratch)

static long setup(struct run *run) {
    return scratch_small(run, state(run));
}

static inline void op(struct run *run) {
    int fd = state(run)->fd;
    EXPECT(run, (CALL(run, file_lock, fd, 1) >= 0) & (CALL(run, file_lock, fd, 0) >= 0));
}

/* A second descriptor of the file must not get the lock meanwhile. */
static long verify(struct run *run) {
    long other, locked, refused;
    TRY(run, os_file_lock(state(run)->fd, 1));
    TRY(run, other = os_open(state(run)->path, OS_READ | OS_WRITE));
    refused = os_file_lock((int)other, 1);
    TRY(run, os_file_lock(state(run)->fd, 0));
    locked = os_file_lock((int)other, 1);
    os_close((int)other);
    if (refused >= 0)
        return WRONG(run, "two had the file locked at once");
    return locked >= 0 ? 0 : WRONG(run, "the file was still locked after it had been unlocked");
}

static void teardown(struct run *run) {
    scratch_end(state(run));
}

WORKLOAD{
    .name = "file_lock",
    .family = "fs",
    .what = "lock and unlock a file that no other process uses (flock)",
    .per = PER_ITERATION,
    .ends = 1,
    .params = "library=0",
    STEPS_AND_TEARDOWN,
};
