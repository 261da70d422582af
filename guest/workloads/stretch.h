/* `size` bytes of memory that the program itself reads or writes: eight bytes at a time, 64 per turn of its loop. */
#ifndef FERRULE_STRETCH_H
#define FERRULE_STRETCH_H

#include "workloads/buffer.h"

static inline long stretch_map(struct run *run, struct buffer *buffer) {
    int64_t size = run_param(run, "size");
    if (size < BUFFER_LINE || size > 64 << 20 || size % BUFFER_LINE)
        return REFUSE(run, "size", "64..67108864, whole 64s");
    run->bytes = buffer->size = (size_t)size;
    return buffer_map(run, buffer);
}

#endif
