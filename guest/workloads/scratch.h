/* A workload's own file in /tmp: made by its setup, removed by its teardown. Its content stays cached. Pitfall of all
 * that use it: the file system behind /tmp is part of the number; the port reports which one it is (fact tmp.fs). */
#ifndef FERRULE_SCRATCH_H
#define FERRULE_SCRATCH_H

#include "workloads/workload.h"

struct scratch {
    char path[40];
    int made;
    int fd; /* 0: not open */
};

/* Makes a name that no other process has, for a file or directory. */
static inline void scratch_name(struct scratch *scratch) {
    text_copy(scratch->path, sizeof scratch->path, "/tmp/ferrule-");
    size_t length = text_length(scratch->path);
    text_u64(scratch->path + length, os_clock_ns());
}

/* Makes the file with these bytes in it; it stays open. */
static inline long scratch_make(struct run *run, struct scratch *scratch, const void *content, size_t size) {
    long took;
    scratch_name(scratch);
    TRY_FD(run, scratch->fd, os_open(scratch->path, OS_READ | OS_WRITE | OS_CREATE));
    scratch->made = 1;
    TRY(run, took = os_write(scratch->fd, content, size));
    return took == (long)size ? 0 : REFUSE(run, "size", "less: the file does not hold so much");
}

static const char scratch_content[] = "ferrule";

/* Makes a small file with these bytes in it. */
static inline long scratch_small(struct run *run, struct scratch *scratch) {
    return scratch_make(run, scratch, scratch_content, sizeof scratch_content);
}

/* Safe also after a setup that stopped half-way. */
static inline void scratch_end(struct scratch *scratch) {
    if (scratch->fd > 0)
        os_close(scratch->fd);
    if (scratch->made)
        os_remove(scratch->path);
}

#endif
