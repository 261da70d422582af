/* One process writes `size` bytes at a time into a line, another reads them out. One operation is a write of `size`
 * bytes that the reader has taken: each batch ends when the reader acknowledges its last byte; otherwise bytes still in
 * the line would count as transferred. The bytes are not checked while timed. Pitfall: a line that is filled before its
 * reader runs costs two switches however full it is, so a batch is a multiple of the usual 64 KiB. FLOW_OVER(line)
 * defines the whole workload except its row; line(run, end): end[0] reads, end[1] writes. */
#ifndef FERRULE_FLOW_H
#define FERRULE_FLOW_H

#include "workloads/buffer.h"
#include "workloads/peer.h"

enum { FLOW_FILLING = 1 << 16 };
enum {
    FLOW_WANTED,
    FLOW_CHECK,
    FLOW_SUM
}; /* words of the shared page: bytes till the next acknowledgement, whether to add them up, and their sum */

struct flow {
    struct peer peer;
    struct buffer buffer; /* each end has a copy */
};
STATE(struct flow)

static void drain(void *argument) {
    struct run *run = argument;
    struct flow *own = state(run);
    volatile uint64_t *word = run->shared->word;
    uint64_t total = 0;
    long got;
    peer_enter(run, &own->peer);
    while ((got = os_read(own->peer.there[0], own->buffer.at, own->buffer.size)) > 0) {
        if (word[FLOW_CHECK])
            word[FLOW_SUM] += buffer_sum(&own->buffer, (size_t)got);
        total += (uint64_t)got;
        if (total == word[FLOW_WANTED] && (total = 0, os_write(own->peer.back[1], "", 1) != 1))
            break;
    }
}

static void loop(struct run *run, uint64_t n) {
    struct flow *own = state(run);
    long size = (long)own->buffer.size;
    char acknowledged;
    run->shared->word[FLOW_WANTED] = n * own->buffer.size;
    do
        EXPECT(run, os_write(own->peer.there[1], own->buffer.at, own->buffer.size) == size);
    while (--n);
    EXPECT(run, os_read(own->peer.back[0], &acknowledged, 1) == 1);
}

static inline long flow_start(struct run *run, long (*line)(struct run *, int *)) {
    struct flow *own = state(run);
    PARAMETER(run, size, 1, 1048576);
    long result;
    run->bytes = own->buffer.size = (size_t)size;
    run->step = size < FLOW_FILLING ? (uint64_t)(FLOW_FILLING / size) : 1;
    if ((result = buffer_map(run, &own->buffer)) < 0 || (result = line(run, own->peer.there)) < 0)
        return result;
    TRY(run, os_pipe(own->peer.back));
    return peer_begin(run, &own->peer, drain);
}

static long verify(struct run *run) {
    volatile uint64_t *word = run->shared->word;
    const struct buffer *buffer = &state(run)->buffer;
    word[FLOW_CHECK] = 1;
    loop(run, 3);
    word[FLOW_CHECK] = 0;
    if (run->failed || word[FLOW_SUM] != 3 * buffer_sum(buffer, buffer->size))
        return WRONG(run, "the reader got other bytes");
    return 0;
}

static void teardown(struct run *run) {
    peer_end(&state(run)->peer);
    buffer_unmap(&state(run)->buffer);
}

#define FLOW_OVER(line)                                                                                                \
    static long setup(struct run *run) {                                                                               \
        return flow_start(run, line);                                                                                  \
    }

#endif
