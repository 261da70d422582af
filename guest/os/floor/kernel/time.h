/* Time: the counter's rate, the timer that wakes, and the contexts that sleep. */
#ifndef FERRULE_FLOOR_TIME_H
#define FERRULE_FLOOR_TIME_H

#include <stdint.h>
#include "context.h"

extern uint64_t tsc_hz, timer_hz, ns_per_tick;
void time_init(void);
void sleep_until(struct context *context, uint64_t ns_from_now);
int sleepers_any(void);
void timer_interrupt(void);

#endif
