/* An open device, and a buffer of `size` bytes for it. Where the device is part of the kernel, a call on it is one
 * trap; where a daemon serves it, each call is a round trip to the daemon, with the bytes mapped into its memory
 * meanwhile. The number of switches is part of what such a row means, so the two kinds are never compared. */
#ifndef FERRULE_DEVICE_H
#define FERRULE_DEVICE_H

#include "workloads/buffer.h"
#include "workloads/library.h"

struct device {
    int fd; /* 0: not open */
    struct buffer buffer;
};

static inline long device_open(struct run *run, struct device *own, const char *path, unsigned how) {
    PARAMETER(run, size, 1, 1048576);
    run->switches = OS_SERVED_SWITCHES;
    run->bytes = (uint64_t)size;
    TRY_FD(run, own->fd, os_open(path, how));
    own->buffer.size = (size_t)size;
    return buffer_map(run, &own->buffer);
}

/* Safe also after a setup that stopped half-way. */
static inline void device_close(struct device *own) {
    if (own->fd > 0)
        os_close(own->fd);
    buffer_unmap(&own->buffer);
}

#endif
