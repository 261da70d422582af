/* Two threads of one address space hand a turn to and fro over two event counters (eventfd): write 1 to one, read the
 * other, which sleeps while it is 0. One operation is the ROUND TRIP: two writes, two reads; on one core two context
 * switches. Pitfall: a kernel that spins before it sleeps spins in vain on one core, and the number includes that. */
#include "workloads/partner.h"

enum { TURN = 1, LEAVE = 2 }; /* what is written */

struct state {
    long there, back; /* 0: not made */
    struct partner other;
};
STATE(struct state)

static inline long hand(long fd, uint64_t what) {
    return os_write((int)fd, &what, sizeof what);
}

static inline uint64_t await(long fd) {
    uint64_t count = 0;
    return os_read((int)fd, &count, sizeof count) == sizeof count ? count : 0;
}

static void answer(void *argument) {
    struct run *run = argument;
    struct state *own = state(run);
    run_pin(run, 1);
    while (await(own->there) == TURN) {
        own->other.turns++;
        hand(own->back, TURN);
    }
}

static long setup(struct run *run) {
    struct state *own = state(run);
    TRY(run, own->there = os_eventfd(0));
    TRY(run, own->back = os_eventfd(0));
    return partner_start(run, &own->other, answer);
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    long written = hand(own->there, TURN);
    EXPECT(run, (written == 8) & (await(own->back) == TURN));
}

static long verify(struct run *run) {
    struct state *own = state(run);
    PASS_ON(partner_verify(run, &own->other, op));
    hand(own->back, 3);
    hand(own->back, 4);
    return await(own->back) == 7 ? 0 : WRONG(run, "what was written twice did not add up");
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    if (own->other.started) {
        hand(own->there, LEAVE);
        os_thread_join(&own->other.thread);
    }
    if (own->there > 0)
        os_close((int)own->there);
    if (own->back > 0)
        os_close((int)own->back);
}

WORKLOAD{
    .name = "eventfd_pingpong",
    .family = "ipc",
    .what = "round trip of a turn between two threads over two event counters",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .bytes = 16,
    .switches = 2,
    STEPS_AND_TEARDOWN,
};
