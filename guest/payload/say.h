/* All records that the payload writes. */
#ifndef FERRULE_PAYLOAD_SAY_H
#define FERRULE_PAYLOAD_SAY_H

#include "payload/outcome.h"
#include "payload/state.h"
#include "workloads/workload.h"

void say_hello(struct payload *payload);
/* `pinned`: the result of go_home(), a negative errno where it was refused. */
void say_facts(struct payload *payload, long pinned);
void say_clock(struct payload *payload);
void say_mark(struct payload *payload);
void say_refs(struct payload *payload);
void say_begin(struct payload *payload, uint32_t index, uint32_t position, const struct plan_run *asked);
void say_outcome(struct payload *payload, uint32_t index, const struct workload *workload, const struct run *run,
                 const struct outcome *outcome);
void say_workload(struct payload *payload, const struct workload *workload);
void say_log(struct payload *payload, const char *text);
void say_done(struct payload *payload, uint32_t runs, uint32_t ok);

#endif
