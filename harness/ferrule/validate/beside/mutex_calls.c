/* A free mutex locked and unlocked by functions of a library. atomic=1: with atomic instructions; 0: with plain ones,
 * as in glibc while the program has one thread. As in glibc, each function saves a register; lock reads the mutex's
 * kind twice, whether locks may be elided, and the owner; both write the owner. The functions are called through a
 * table of addresses, as those of a shared library. */
#include "workloads/workload.h"

#define SAVES_A_REGISTER __asm__ volatile("" ::: "rbx")

struct mutex {
    uint32_t lock, count;
    volatile uint32_t owner, users, kind;
};
static volatile uint32_t elided;

struct state {
    struct mutex mutex;
    uint32_t me, atomic;
};
STATE(struct state)

__attribute__((noinline, aligned(64))) static int library_lock(struct mutex *mutex, const struct state *own) {
    uint32_t free = 0;
    SAVES_A_REGISTER;
    if (mutex->kind || elided || mutex->kind)
        return -1;
    if (own->atomic)
        __atomic_compare_exchange_n(&mutex->lock, &free, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
    else if (!(free = *(volatile uint32_t *)&mutex->lock))
        *(volatile uint32_t *)&mutex->lock = 1;
    if (free || mutex->owner)
        return -1;
    mutex->owner = own->me;
    mutex->users++;
    return 0;
}

__attribute__((noinline, aligned(64))) static int library_unlock(struct mutex *mutex, const struct state *own) {
    uint32_t was = 1;
    SAVES_A_REGISTER;
    if (mutex->kind)
        return -1;
    mutex->owner = 0;
    mutex->users--;
    if (own->atomic)
        was = __atomic_exchange_n(&mutex->lock, 0, __ATOMIC_RELEASE);
    else
        *(volatile uint32_t *)&mutex->lock = 0;
    return was == 1 ? 0 : -1;
}

typedef int function(struct mutex *, const struct state *);
static function *volatile table[] = {library_lock, library_unlock};

static long setup(struct run *run) {
    int64_t atomic = run_param(run, "atomic");
    if (atomic < 0 || atomic > 1)
        return REFUSE(run, "atomic", "0 or 1");
    state(run)->atomic = (uint32_t)atomic;
    state(run)->me = 1;
    return 0;
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    EXPECT(run, (table[0](&own->mutex, own) == 0) & (table[1](&own->mutex, own) == 0));
}

static long verify(struct run *run) {
    struct state *own = state(run);
    int first = library_lock(&own->mutex, own), second = library_lock(&own->mutex, own);
    int last = library_unlock(&own->mutex, own);
    return !first && second && !last ? 0 : WRONG(run, "it could be locked twice, or not at all");
}

WORKLOAD{
    .name = "mutex_calls",
    .family = "beside",
    .what = "a free mutex by functions of a library",
    .per = PER_CALL,
    .ends = 1,
    .params = "atomic=1",
    STEPS,
};
