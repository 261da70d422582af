/* Ending a boot, and the exit codes besides those of boot/end.h. */
#ifndef FERRULE_REDOX_ENDING_H
#define FERRULE_REDOX_ENDING_H

#include "boot/end.h"
#include "boot/serial.h"

enum redox_end {
    END_LOADER = END_OTHER, /* the loader refused: the reason is on the console */
    END_ERA,                /* the kernel's calls are of another era */
    END_START,              /* the kernel refused what the program needs to start; the reason is on the console */
};

/* The console belongs to the kernel. */
static inline _Noreturn void machine_end(unsigned code) {
    serial_drain(RECORDS_PORT);
    debug_exit(code);
}

#endif
