/* Two threads of one address space hand a turn to and fro by two semaphores of the kernel: post one, wait for the
 * other. One operation is the ROUND TRIP: two posts, two waits; on one core two context switches. Pitfall: a kernel
 * that spins before it sleeps spins in vain on one core, and the number includes that. */
#include "workloads/partner.h"

struct state {
    struct os_semaphore there, back;
    struct partner other;
    unsigned made; /* semaphores */
    int leave;
};
STATE(struct state)

static void answer(void *argument) {
    struct run *run = argument;
    struct state *own = state(run);
    run_pin(run, 1);
    while (os_semaphore_wait(&own->there) >= 0 && !own->leave) {
        own->other.turns++;
        os_semaphore_post(&own->back);
    }
}

static long setup(struct run *run) {
    struct state *own = state(run);
    TRY(run, os_semaphore_make(&own->there, 0));
    own->made = 1;
    TRY(run, os_semaphore_make(&own->back, 0));
    own->made = 2;
    return partner_start(run, &own->other, answer);
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    long posted = os_semaphore_post(&own->there);
    EXPECT(run, (posted >= 0) & (os_semaphore_wait(&own->back) >= 0));
}

static long verify(struct run *run) {
    return partner_verify(run, &state(run)->other, op);
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    own->leave = 1;
    if (own->other.started) {
        os_semaphore_post(&own->there);
        os_thread_join(&own->other.thread);
    }
    if (own->made == 2)
        os_semaphore_end(&own->back);
    if (own->made >= 1)
        os_semaphore_end(&own->there);
}

WORKLOAD{
    .name = "semaphore_pingpong",
    .family = "ipc",
    .what = "round trip of a turn between two threads by two semaphores",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    STEPS_AND_TEARDOWN,
};
