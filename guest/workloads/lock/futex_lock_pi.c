/* A kernel lock with priority inheritance (FUTEX_LOCK_PI) is taken and given back, both by system calls: the fast path
 * in user mode is not used. With threads=N or procs=N all contend for the same one. */
#include "workloads/crowd.h"

enum { HELD };

STATE(struct crowd)

static inline volatile uint32_t *lock(struct run *run) {
    return &run->common->futex[0].word;
}

static inline void op(struct run *run) {
    EXPECT(run, os_lock_pi(lock(run), run->across) >= 0);
    EXPECT(run, run->common->word[HELD]++ == 0);
    run->common->word[HELD]--;
    EXPECT(run, os_unlock_pi(lock(run), run->across) >= 0);
}

static void take(void *argument) {
    struct crowd_one *one = argument;
    os_lock_pi(lock(one->run), one->run->across);
    one->turns++;
    os_unlock_pi(lock(one->run), one->run->across);
}

/* Another thread must get the lock only after it has been given back. */
static long verify(struct run *run) {
    struct crowd *other = state(run);
    TRY(run, os_lock_pi(lock(run), run->across));
    if (!*lock(run))
        return WRONG(run, "the lock's word does not name its owner");
    long started = crowd_start(run, other, 1, take);
    uint64_t early = 0;
    for (unsigned turn = 0; turn < 20 && started >= 0; turn++) {
        os_sleep(100000);
        early += other->one->turns;
    }
    TRY(run, os_unlock_pi(lock(run), run->across));
    crowd_end(other);
    if (started >= 0 && (early || *lock(run)))
        return WRONG(run, "two threads had the lock, or it was not given back");
    return started;
}

WORKLOAD{
    .name = "futex_lock_pi",
    .family = "lock",
    .what = "take and give back a lock with priority inheritance",
    .per = PER_CALL,
    .ends = 1,
    .verify = verify,
    LOOPS,
};
