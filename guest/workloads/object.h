/* A memory object (memfd, shm) whose pages are all allocated, each with a first byte made from its number: a mapping of
 * it faults on pages that need not be read from anywhere. */
#ifndef FERRULE_OBJECT_H
#define FERRULE_OBJECT_H

#include "workloads/workload.h"

struct object {
    int fd; /* 0: there is none */
    size_t size;
};

static inline unsigned char object_byte(size_t page) {
    return (unsigned char)(page * 7 + 1);
}

static inline long object_make(struct run *run, struct object *object, size_t pages) {
    void *at = NULL;
    object->size = pages * OS_PAGE;
    TRY_FD(run, object->fd, os_memory_object(object->size));
    TRY(run, os_map_object(object->fd, object->size, &at));
    for (size_t i = 0; i < pages; i++)
        ((volatile unsigned char *)at)[i * OS_PAGE] = object_byte(i);
    TRY(run, os_unmap(at, object->size));
    return 0;
}

static inline void object_end(struct object *object) {
    if (object->fd > 0)
        os_close(object->fd);
}

#endif
