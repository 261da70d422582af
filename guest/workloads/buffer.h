/* Memory that a workload maps for one run only: touched static memory of the payload would make every process that a
 * later workload starts more expensive. All of it is written at once; otherwise its pages would all be the one zero
 * page. */
#ifndef FERRULE_BUFFER_H
#define FERRULE_BUFFER_H

#include "workloads/workload.h"

enum { BUFFER_LINE = 64 }; /* bytes of a cache line */

struct buffer {
    size_t size; /* set by the workload; 0: there is nothing to map */
    void *at;
};

static inline long buffer_map(struct run *run, struct buffer *buffer) {
    if (buffer->size)
        TRY(run, os_map(buffer->size, &buffer->at));
    for (size_t i = 0; i < buffer->size; i++)
        ((unsigned char *)buffer->at)[i] = (unsigned char)(i * 7 + 1);
    return 0;
}

/* Reads a byte of every cache line. */
static inline void buffer_touch(const struct buffer *buffer) {
    for (size_t i = 0; i < buffer->size; i += BUFFER_LINE)
        (void)((volatile char *)buffer->at)[i];
}

/* The sum of the first `count` bytes. */
static inline uint64_t buffer_sum(const struct buffer *buffer, size_t count) {
    uint64_t total = 0;
    while (count--)
        total += ((unsigned char *)buffer->at)[count];
    return total;
}

/* Safe also after a setup that stopped before the mapping. */
static inline void buffer_unmap(struct buffer *buffer) {
    if (buffer->at)
        os_unmap(buffer->at, buffer->size);
}

#endif
