/* A file of `size` bytes that stays cached, and a buffer as large: what reading and writing at offset 0 start from. */
#ifndef FERRULE_CACHED_H
#define FERRULE_CACHED_H

#include "workloads/buffer.h"
#include "workloads/library.h"
#include "workloads/scratch.h"

struct cached {
    struct scratch scratch;
    struct buffer buffer; /* what is in it is in the file */
};

static inline long cached_make(struct run *run, struct cached *own) {
    PARAMETER(run, size, 1, 1048576);
    run->bytes = own->buffer.size = (size_t)size;
    long mapped = buffer_map(run, &own->buffer);
    return mapped < 0 ? mapped : scratch_make(run, &own->scratch, own->buffer.at, own->buffer.size);
}

/* Also after a setup that stopped half-way. */
static inline void cached_end(struct cached *own) {
    scratch_end(&own->scratch);
    buffer_unmap(&own->buffer);
}

#endif
