/* One run of one workload. */
#ifndef FERRULE_PAYLOAD_RUN_H
#define FERRULE_PAYLOAD_RUN_H

#include "payload/outcome.h"
#include "payload/state.h"
#include "workloads/workload.h"

/* Pins to the home of end 0 where the plan wants pinning. 0, or a negative errno (-OS_NOT_PORTED: this OS cannot). */
long go_home(const struct plan *plan);
/* n operations between two readings of the counter. */
uint64_t timed_batch(const struct workload *workload, struct run *run, uint64_t n);
/* Setup and verify: 0, 1 when it was wrong, or a negative errno. */
long run_ready(const struct workload *workload, struct run *run);
void run_one(struct payload *payload, const struct workload *workload, struct run *run, struct outcome *outcome);

#endif
