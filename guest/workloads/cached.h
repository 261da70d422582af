/* A cached file of `size` bytes and a buffer of the same size, for reads and writes at offset 0. */
#ifndef FERRULE_CACHED_H
#define FERRULE_CACHED_H

#include "workloads/buffer.h"
#include "workloads/library.h"
#include "workloads/scratch.h"

struct cached {
    struct scratch scratch;
    struct buffer buffer; /* holds the same bytes as the file */
};

static inline long cached_make(struct run *run, struct cached *own) {
    PARAMETER(run, size, 1, 1048576);
    run->bytes = own->buffer.size = (size_t)size;
    long mapped = buffer_map(run, &own->buffer);
    return mapped < 0 ? mapped : scratch_make(run, &own->scratch, own->buffer.at, own->buffer.size);
}

/* Safe also after a setup that stopped half-way. */
static inline void cached_end(struct cached *own) {
    scratch_end(&own->scratch);
    buffer_unmap(&own->buffer);
}

#endif
