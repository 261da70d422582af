/* How a boot ends: a code is written to QEMU's isa-debug-exit, which ends the machine with status (code << 1) | 1. */
#ifndef FERRULE_END_H
#define FERRULE_END_H

#include <stdint.h>

#include "boot/serial.h"

/* Codes from END_OTHER on are defined by each guest. */
enum end_code { END_STATUS = 0x20 /* + exit status */, END_FAULT = 0x40 /* + exception */, END_OTHER = 0x60 };

/* The last process of the payload has ended, with a status that is not negative. */
static inline unsigned end_of_status(long status) {
    enum { MOST = END_FAULT - END_STATUS - 1 };
    return END_STATUS + ((uint64_t)status < MOST ? (unsigned)status : MOST);
}

static inline unsigned end_of_fault(uint64_t exception) {
    return END_FAULT + (unsigned)(exception % (END_OTHER - END_FAULT));
}

static inline _Noreturn void debug_exit(unsigned code) {
    enum { DEBUG_EXIT = 0xF4 };
    for (;;)
        out8(DEBUG_EXIT, (uint8_t)code);
}

#endif
