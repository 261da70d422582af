/* One load whose address is the value of the load before it: a walk through `size` bytes, one line of 64 after another,
 * in an order that no prefetcher guesses (one cycle through all of them, by Sattolo's shuffle). The latency of the
 * cache or memory that holds them; no kernel takes part. */
#include "workloads/buffer.h"

enum { LARGEST = 64 << 20 };

struct state {
    struct buffer buffer;
    void **at;
    uint64_t lines;
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t size = run_param(run, "size");
    struct state *own = state(run);
    if (size < 2 * BUFFER_LINE || size > LARGEST)
        return REFUSE(run, "size", "128..67108864");
    own->buffer.size = (size_t)size;
    PASS_ON(buffer_map(run, &own->buffer));
    own->lines = (uint64_t)size / BUFFER_LINE;
    char *line = own->buffer.at;
    for (uint64_t i = 0; i < own->lines; i++)
        *(void **)(void *)(line + i * BUFFER_LINE) = line + i * BUFFER_LINE;
    uint64_t random = 88172645463325252u; /* xorshift64: the same walk everywhere */
    for (uint64_t i = own->lines - 1; i; i--) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        void **one = (void **)(void *)(line + i * BUFFER_LINE);
        void **other = (void **)(void *)(line + random % i * BUFFER_LINE), *kept = *one;
        *one = *other;
        *other = kept;
    }
    own->at = own->buffer.at;
    return 0;
}

static inline void op(struct run *run) {
    state(run)->at = *state(run)->at;
}

/* The walk must visit every line before it returns to the first one. */
static long verify(struct run *run) {
    struct state *own = state(run);
    uint64_t turns = 0;
    do {
        op(run);
        turns++;
    } while ((void *)own->at != own->buffer.at && turns <= own->lines);
    return turns == own->lines ? 0 : WRONG(run, "the walk does not go through all lines");
}

static void teardown(struct run *run) {
    buffer_unmap(&state(run)->buffer);
}

WORKLOAD{
    .name = "memory_latency",
    .family = "memory",
    .what = "load that waits for the load before it",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=65536",
    STEPS_AND_TEARDOWN,
};
