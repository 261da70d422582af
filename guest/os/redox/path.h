/* What is opened and removed by its name. */
#ifndef FERRULE_REDOX_PATH_H
#define FERRULE_REDOX_PATH_H

#include <stdint.h>

/* Schemes: those of the kernel by its own id, under which a bare program finds their descriptors; then daemons'. */
enum redox_scheme {
    ROOT_DEBUG = 1,
    ROOT_EVENT = 2,
    ROOT_PIPE = 4,
    ROOT_TIME = 7,
    ROOT_SYS = 8,
    ROOT_CONTEXTS = 9,
    ROOT_SCHEMES = 16, /* the right to make schemes */
    ROOTS,
    DAEMON_CHANNELS = ROOTS,
    DAEMON_MEMORY,
    DAEMON_SOCKETS,
    REDOX_SCHEMES
};
extern uint64_t redox_root[ROOTS];

/* A file of a scheme by its name in the scheme. */
long redox_open(enum redox_scheme scheme, const char *name, long flags);
long redox_remove(enum redox_scheme scheme, const char *name);

#endif
