/* Messages for people, on the console. */
#ifndef FERRULE_FLOOR_SAY_H
#define FERRULE_FLOOR_SAY_H

#include <stdint.h>

void say(const char *text);
void say_number(uint64_t number);
void say_hex(uint64_t number);

#endif
