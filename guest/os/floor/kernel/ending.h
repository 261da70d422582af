/* Ending the machine, and the exit codes besides those of boot/end.h. */
#ifndef FERRULE_FLOOR_ENDING_H
#define FERRULE_FLOOR_ENDING_H

#include "boot/end.h"
#include "boot/serial.h"

enum floor_end { END_KERNEL = END_OTHER /* + exception */, END_DEADLOCK = 0x7F };

static inline _Noreturn void machine_end(unsigned code) {
    serial_drain(CONSOLE_PORT);
    serial_drain(RECORDS_PORT);
    debug_exit(code);
}

#endif
