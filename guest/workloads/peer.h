/* The second end of a two-process workload: a process and a pipe in each direction, every end of them closed on the
 * side that does not use it, so that the peer's read ends when its partner is gone. Also helpers for single pipe ends.
 * A closed or never opened end is 0: descriptor 0 is standard input, which the port keeps open. */
#ifndef FERRULE_PEER_H
#define FERRULE_PEER_H

#include "workloads/workload.h"

static inline void pipe_close_end(int *end) {
    if (*end > 0)
        os_close(*end);
    *end = 0;
}

static inline long pipe_line(struct run *run, int end[2]) {
    TRY(run, os_pipe(end));
    return 0;
}

struct peer {
    int there[2], back[2]; /* [0] reads, [1] writes */
    struct os_process process;
    int started;
    int must_kill; /* its lines do not report that its partner has gone, so it is killed */
};

/* Starts entry(run) in a process of its own, with the lines in `there` and `back`. It must call peer_enter() first. */
static inline long peer_begin(struct run *run, struct peer *peer, os_entry entry) {
    TRY(run, os_process_start(&peer->process, entry, run));
    peer->started = 1;
    pipe_close_end(&peer->there[0]);
    pipe_close_end(&peer->back[1]);
    return 0;
}

static inline long peer_start(struct run *run, struct peer *peer, os_entry entry) {
    TRY(run, os_pipe(peer->there));
    TRY(run, os_pipe(peer->back));
    return peer_begin(run, peer, entry);
}

static inline void peer_enter(struct run *run, struct peer *peer) {
    pipe_close_end(&peer->there[1]);
    pipe_close_end(&peer->back[0]);
    run_pin(run, 1);
}

/* The peer's read returns 0 and it leaves; then it is joined. Safe also after a start that stopped half-way. */
static inline void peer_end(struct peer *peer) {
    for (unsigned i = 0; i < 2; i++) {
        pipe_close_end(&peer->there[i]);
        pipe_close_end(&peer->back[i]);
    }
    if (peer->started && peer->must_kill)
        os_process_kill(&peer->process);
    else if (peer->started)
        os_process_join(&peer->process);
}

#endif
