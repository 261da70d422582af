/* A mutex is taken and given back around two stores. Alone it costs its two atomic instructions and no kernel; with
 * threads=N or procs=N all of them contend for the same one, and a thread that finds it taken sleeps. Pitfall: the
 * thread that unlocks may take it again before the woken one has run, so a contended operation need not have a switch
 * in it. */
#include "workloads/crowd.h"
#include "workloads/mutex.h"

enum { HELD, COUNTED }; /* words that all threads see: how many are inside; the count of verify's threads */
enum { THREADS = 3, TURNS = 10 };

STATE(struct crowd)

static inline volatile uint32_t *lock(struct run *run) {
    return &run->common->futex[0].word;
}

static inline void op(struct run *run) {
    mutex_lock(lock(run), run->across);
    EXPECT(run, run->common->word[HELD]++ == 0);
    run->common->word[HELD]--;
    mutex_unlock(lock(run), run->across);
}

/* Each thread sleeps inside: a second one that is let in reads the same number. */
static void count(void *argument) {
    struct run *run = ((struct crowd_one *)argument)->run;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        mutex_lock(lock(run), run->across);
        uint64_t seen = run->common->word[COUNTED];
        os_sleep(1);
        run->common->word[COUNTED] = seen + 1;
        mutex_unlock(lock(run), run->across);
    }
}

static long verify(struct run *run) {
    TRY(run, os_wake(lock(run), 1, run->across)); /* before a thread sleeps that cannot be woken */
    run->common->word[COUNTED] = 0;
    long started = crowd_start(run, state(run), THREADS, count);
    crowd_end(state(run));
    if (started >= 0 && run->common->word[COUNTED] != (uint64_t)THREADS * TURNS)
        return WRONG(run, "two threads were inside at once");
    return started;
}

WORKLOAD{
    .name = "mutex",
    .family = "lock",
    .what = "lock and unlock a mutex, which N contend for with threads=N",
    .per = PER_CALL,
    .ends = 1,
    .verify = verify,
    LOOPS,
};
