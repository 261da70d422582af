/* One run of one workload. */
#ifndef FERRULE_PAYLOAD_RUN_H
#define FERRULE_PAYLOAD_RUN_H

#include "payload/outcome.h"
#include "payload/state.h"
#include "workloads/workload.h"

/* n operations between two readings of the counter. */
uint64_t timed_batch(const struct workload *workload, struct run *run, uint64_t n);
void run_one(struct payload *payload, const struct workload *workload, struct run *run, struct outcome *outcome);

#endif
