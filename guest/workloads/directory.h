/* A workload's own directory in /tmp, with small files in it whose names have the same length. */
#ifndef FERRULE_DIRECTORY_H
#define FERRULE_DIRECTORY_H

#include "workloads/scratch.h"

struct directory {
    struct scratch at;
    long files; /* in it */
};

static inline void directory_path(const struct directory *own, long number, char path[64]) {
    text_copy(path, 64, own->at.path);
    size_t length = text_length(path);
    path[length++] = '/';
    length += text_u64(path + length, (uint64_t)(number + 1000));
    path[length] = 0;
}

/* Adds one file. */
static inline long directory_add(struct run *run, struct directory *own) {
    char path[64];
    long fd;
    directory_path(own, own->files, path);
    TRY(run, fd = os_open(path, OS_WRITE | OS_CREATE));
    own->files++;
    return os_close((int)fd);
}

/* Removes the file added last. */
static inline long directory_drop(struct directory *own) {
    char path[64];
    directory_path(own, --own->files, path);
    return os_remove(path);
}

static inline long directory_make(struct run *run, struct directory *own, long files) {
    scratch_name(&own->at);
    TRY(run, os_directory_make(own->at.path));
    own->at.made = 1;
    while (own->files < files)
        if (directory_add(run, own) < 0)
            return REFUSE(run, "files", "less: no more could be made");
    TRY_FD(run, own->at.fd, os_open(own->at.path, OS_READ));
    return 0;
}

/* Safe also after a setup that stopped half-way. */
static inline void directory_end(struct directory *own) {
    if (own->at.fd > 0)
        os_close(own->at.fd);
    while (own->files > 0)
        directory_drop(own);
    if (own->at.made)
        os_directory_remove(own->at.path);
}

#endif
