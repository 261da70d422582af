/* What the kernel reads of the payload's plan. */
#ifndef FERRULE_FLOOR_PLAN_H
#define FERRULE_FLOOR_PLAN_H

#include <stdint.h>

uint64_t planned_processes(void);

#endif
