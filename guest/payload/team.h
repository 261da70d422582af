/* A team makes a run together, each member on a CPU of its own: threads of this address space (threads=N) or copies of
 * this process (procs=N). They start together. A batch of n is then n operations of every member, from the common start
 * until the last member is done. This gives the cost of an operation while N members do it; together they do N / cost.
 * The payload's own thread is the first member. */
#ifndef FERRULE_PAYLOAD_TEAM_H
#define FERRULE_PAYLOAD_TEAM_H

#include "core/plan.h"
#include "workloads/workload.h"

/* Whether `key` is one of the two parameters that every workload accepts, unless it has one of that name itself. */
int team_param(const char *key);

/* Starts the other members, one after the other; each sets up and verifies for itself. Does nothing where the run asks
 * for no team. Returns what a setup or verify returns, with run->operation and run->seen of the member that stopped. */
long team_gather(const struct plan *plan, const struct workload *workload, struct run *run);
/* Ticks of one batch of all members. `spin` as in the plan, for the first member. */
uint64_t team_batch(const struct workload *workload, struct run *run, uint64_t n, uint32_t spin);
/* Lets the other members tear down and end. Also valid after a team_gather() that stopped half-way or had nothing to
 * do. */
void team_part(struct run *run);

#endif
