/* The program when it is started in a userland. */
#ifndef FERRULE_REDOX_USERLAND_H
#define FERRULE_REDOX_USERLAND_H

#include <stddef.h>
#include <stdint.h>

void redox_userland_main(uint64_t *stack) __attribute__((noreturn));
void redox_userland_output(const char *bytes, size_t length);

#endif
