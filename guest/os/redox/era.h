/* How the program was started, by a bare kernel as its first program or by a userland, and which era the kernel's calls
 * are of. */
#ifndef FERRULE_REDOX_ERA_H
#define FERRULE_REDOX_ERA_H

#include <stdint.h>

/* The eras of the calls, by what they brought (README.md). */
enum redox_era {
    ERA_UNKNOWN,
    ERA_2022_11, /* the kernel keeps processes */
    ERA_2025_04, /* a daemon does */
    ERA_2025_07, /* OPENAT */
    ERA_2026_01, /* another daemon keeps the namespaces; OPEN is gone */
    ERA_2026_07, /* descriptors are numbered by the program */
};

struct redox_start {
    enum redox_era era;
    int bare;
    long process, thread, names; /* descriptors of this process, its first context, its namespace; -1: none */
};
extern struct redox_start redox_start;

extern uint64_t redox_kernel_entered; /* the counter at kernel entry; 0: not started by our loader */

enum redox_era redox_era_probe(void);

#endif
