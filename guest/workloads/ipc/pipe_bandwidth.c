/* One process writes `size` bytes at a time into a pipe, another reads them out. One operation is a write of `size`
 * bytes that the reader has taken: each batch ends when the reader acknowledges its last byte, or what still lies in
 * the pipe would be counted as transferred. Nobody looks at the bytes while it is timed. Pitfall: a pipe that is filled
 * before its reader runs costs two switches however full it is, so batches are whole fillings of the usual 64 KiB. */
#include "workloads/buffer.h"
#include "workloads/peer.h"

enum { LARGEST = 1 << 20, PIPEFUL = 1 << 16 };
enum { WANTED, CHECK, SUM }; /* words of the shared page: bytes till the next acknowledgement, whether to add them up */

struct state {
    struct peer peer;
    struct buffer buffer; /* each end has a copy */
};
STATE(struct state)

static void drain(void *argument) {
    struct run *run = argument;
    struct state *own = state(run);
    volatile uint64_t *word = run->shared->word;
    uint64_t total = 0;
    long got;
    peer_enter(run, &own->peer);
    while ((got = os_read(own->peer.there[0], own->buffer.at, own->buffer.size)) > 0) {
        if (word[CHECK])
            word[SUM] += buffer_sum(&own->buffer, (size_t)got);
        total += (uint64_t)got;
        if (total == word[WANTED] && (total = 0, os_write(own->peer.back[1], "", 1) != 1))
            break;
    }
}

static void loop(struct run *run, uint64_t n) {
    struct state *own = state(run);
    long size = (long)own->buffer.size;
    char acknowledged;
    run->shared->word[WANTED] = n * own->buffer.size;
    do
        EXPECT(run, os_write(own->peer.there[1], own->buffer.at, own->buffer.size) == size);
    while (--n);
    EXPECT(run, os_read(own->peer.back[0], &acknowledged, 1) == 1);
}

static long setup(struct run *run) {
    struct state *own = state(run);
    int64_t size = run_param(run, "size");
    if (size < 1 || size > LARGEST)
        return REFUSE(run, "size", "1..1048576");
    run->bytes = own->buffer.size = (size_t)size;
    run->step = size < PIPEFUL ? (uint64_t)(PIPEFUL / size) : 1;
    long mapped = buffer_map(run, &own->buffer);
    return mapped < 0 ? mapped : peer_start(run, &own->peer, drain);
}

static long verify(struct run *run) {
    volatile uint64_t *word = run->shared->word;
    const struct buffer *buffer = &state(run)->buffer;
    word[CHECK] = 1;
    loop(run, 3);
    word[CHECK] = 0;
    if (run->failed || word[SUM] != 3 * buffer_sum(buffer, buffer->size))
        return WRONG(run, "the reader got other bytes");
    return 0;
}

static void teardown(struct run *run) {
    peer_end(&state(run)->peer);
    buffer_unmap(&state(run)->buffer);
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
