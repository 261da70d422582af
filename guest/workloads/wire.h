/* Two ends of something that one thread writes to and reads from (os_wire): a pipe, or an event counter. A message is
 * eight bytes, which both accept. An end that is not open is 0, as in peer.h. */
#ifndef FERRULE_WIRE_H
#define FERRULE_WIRE_H

#include "workloads/peer.h"

struct wire {
    int end[2]; /* [0] reads, [1] writes; equal where one descriptor does both */
};

static inline long wire_make(struct run *run, struct wire *wire) {
    TRY(run, os_wire(wire->end));
    return 0;
}

static inline int wire_put(int end, uint64_t word) {
    return os_write(end, &word, sizeof word) == sizeof word;
}

/* The word read, 0 when the read failed. Sleeps while the wire is empty. */
static inline uint64_t wire_take(int end) {
    uint64_t word = 0;
    return os_read(end, &word, sizeof word) == sizeof word ? word : 0;
}

static inline void wire_end(struct wire *wire) {
    if (wire->end[1] == wire->end[0])
        wire->end[1] = 0;
    pipe_close_end(&wire->end[0]);
    pipe_close_end(&wire->end[1]);
}

#endif
