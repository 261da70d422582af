/* What comes before anything is timed: parameters and places (workload.h declares run_param and run_pin), and whether a
 * workload does what its name says. */
#ifndef FERRULE_PAYLOAD_PREPARE_H
#define FERRULE_PAYLOAD_PREPARE_H

#include "core/plan.h"
#include "workloads/workload.h"

/* Pins to the CPU of end 0 where the plan asks for pinning. 0, or a negative errno (-OS_NOT_PORTED: this OS cannot). */
long go_home(const struct plan *plan);
/* Setup and verify: 0, 1 when verify found it wrong, or a negative errno. */
long run_ready(const struct workload *workload, struct run *run);

#endif
