/* The program when a bare kernel starts it as the first. */
#ifndef FERRULE_REDOX_BARE_H
#define FERRULE_REDOX_BARE_H

#include <stddef.h>

void redox_bare_main(void) __attribute__((noreturn));
void redox_bare_output(const char *bytes, size_t length);

#endif
