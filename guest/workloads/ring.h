/* A ring of processes: each receives from a pipe of its own and sends to its successor's. The last one's successor is
 * process 0, the payload itself. Every process keeps only the ends it uses, so that when one is gone the others' reads
 * end one after the other. */
#ifndef FERRULE_RING_H
#define FERRULE_RING_H

#include "workloads/peer.h"

enum { RING_MOST = 32 };

struct ring {
    int pipe[RING_MOST][2]; /* process i reads pipe[i][0] */
    struct os_process process[RING_MOST];
    uint32_t procs, me, started;
};

static inline uint32_t ring_next(const struct ring *ring) {
    return ring->me + 1 == ring->procs ? 0 : ring->me + 1;
}

static inline void ring_keep_own(struct ring *ring) {
    for (uint32_t i = 0; i < ring->procs; i++) {
        if (i != ring->me)
            pipe_close_end(&ring->pipe[i][0]);
        if (i != ring_next(ring))
            pipe_close_end(&ring->pipe[i][1]);
    }
}

/* Starts processes 1 .. procs-1, each in entry(run); it must call ring_enter() first. */
static inline long ring_start(struct run *run, struct ring *ring, uint32_t procs, os_entry entry) {
    ring->procs = procs;
    for (uint32_t i = 0; i < procs; i++)
        TRY(run, os_pipe(ring->pipe[i]));
    for (uint32_t i = 1; i < procs; i++) {
        ring->me = i; /* for the copy that is made now */
        TRY(run, os_process_start(&ring->process[i], entry, run));
        ring->started = i;
    }
    ring->me = 0;
    ring_keep_own(ring);
    return 0;
}

/* Neighbours are placed at different ends: where there are two cores, each hop goes to the other one. */
static inline void ring_enter(struct run *run, struct ring *ring) {
    ring_keep_own(ring);
    run_pin(run, ring->me % 2);
}

/* The token is one word, received from the predecessor and sent to the successor. Both return 0 on failure. */
static inline int ring_receive(const struct ring *ring, uint64_t *token) {
    return os_read(ring->pipe[ring->me][0], token, sizeof *token) == sizeof *token;
}

static inline int ring_send(const struct ring *ring, uint64_t token) {
    return os_write(ring->pipe[ring_next(ring)][1], &token, sizeof token) == sizeof token;
}

/* Safe also after a start that stopped half-way. */
static inline void ring_end(struct ring *ring) {
    for (uint32_t i = 0; i < ring->procs; i++) {
        pipe_close_end(&ring->pipe[i][0]);
        pipe_close_end(&ring->pipe[i][1]);
    }
    for (uint32_t i = 1; i <= ring->started; i++)
        os_process_join(&ring->process[i]);
}

#endif
