/* A run that several do at once, each on a CPU of its own: threads of this address space (threads=N) or copies of this
 * process (procs=N), which are let off together. A batch of n is then n operations of every one, from the moment when
 * they are let off to the moment when the last has done its own: the cost of an operation while N do it, of which
 * N / cost is what all of them get done. The payload's own thread is the first of them. */
#ifndef FERRULE_PAYLOAD_TEAM_H
#define FERRULE_PAYLOAD_TEAM_H

#include "core/plan.h"
#include "workloads/workload.h"

/* Whether `key` is one of the two parameters that every workload has, unless it has one of that name itself. */
int team_param(const char *key);

/* Starts the others, each of which sets up and verifies for itself, one after the other. Nothing where the run asks for
 * no team. Returns what a setup or verify does, with run->operation and run->seen those of the one that stopped. */
long team_gather(const struct plan *plan, const struct workload *workload, struct run *run);
/* One batch of all of them: ticks. `spin` as in the plan, of the first. */
uint64_t team_batch(const struct workload *workload, struct run *run, uint64_t n, uint32_t spin);
/* They tear down and leave. Also after a team_gather() that stopped half-way, or that had nothing to do. */
void team_part(struct run *run);

#endif
