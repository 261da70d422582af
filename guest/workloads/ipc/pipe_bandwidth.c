/* One process writes `size` bytes at a time into a pipe, another reads them out. One operation is a write of `size`
 * bytes that the reader has taken: each batch ends when the reader acknowledges its last byte, or what still lies in
 * the pipe would be counted as transferred. Nobody looks at the bytes while it is timed. The buffer is mapped for this
 * run alone: a touched one would weigh on every process started by a later workload. */
#include "workloads/peer.h"

enum { LARGEST = 1 << 20 };
enum { WANTED, CHECK, SUM }; /* words of the shared page: bytes till the next acknowledgement, whether to add them up */

struct state {
    struct peer peer;
    size_t size;
    void *buffer;
};
STATE(struct state)

static uint64_t sum(const unsigned char *bytes, long count) {
    uint64_t total = 0;
    while (count--)
        total += bytes[count];
    return total;
}

static void drain(void *argument) {
    struct run *run = argument;
    struct state *own = state(run);
    volatile uint64_t *word = run->shared->word;
    uint64_t total = 0;
    long got;
    peer_enter(run, &own->peer);
    while ((got = os_read(own->peer.there[0], own->buffer, own->size)) > 0) {
        if (word[CHECK])
            word[SUM] += sum(own->buffer, got);
        total += (uint64_t)got;
        if (total == word[WANTED] && (total = 0, os_write(own->peer.back[1], "", 1) != 1))
            break;
    }
}

static void loop(struct run *run, uint64_t n) {
    struct state *own = state(run);
    char acknowledged;
    run->shared->word[WANTED] = n * own->size;
    do
        EXPECT(run, os_write(own->peer.there[1], own->buffer, own->size) == (long)own->size);
    while (--n);
    EXPECT(run, os_read(own->peer.back[0], &acknowledged, 1) == 1);
}

static long setup(struct run *run) {
    struct state *own = state(run);
    int64_t size = run_param(run, "size");
    if (size < 1 || size > LARGEST)
        return REFUSE(run, "size", "1..1048576");
    TRY(run, os_map((size_t)size, &own->buffer));
    own->size = (size_t)size;
    run->bytes = own->size;
    for (size_t i = 0; i < own->size; i++) /* also: pages of our own, not the one zero page */
        ((unsigned char *)own->buffer)[i] = (unsigned char)(i * 7 + 1);
    return peer_start(run, &own->peer, drain);
}

static long verify(struct run *run) {
    volatile uint64_t *word = run->shared->word;
    word[CHECK] = 1;
    loop(run, 3);
    word[CHECK] = 0;
    if (run->failed || word[SUM] != 3 * sum(state(run)->buffer, (long)state(run)->size))
        return WRONG(run, "the reader got other bytes");
    return 0;
}

static void teardown(struct run *run) {
    peer_end(&state(run)->peer);
    if (state(run)->buffer)
        os_unmap(state(run)->buffer, state(run)->size);
}

WORKLOAD_ROW{
    .name = "pipe_bandwidth",
    .family = "ipc",
    .what = "write into a pipe that another process drains",
    .per = PER_ONE_WAY,
    .ends = 2,
    .params = "size=65536",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    .loop = loop,
};
