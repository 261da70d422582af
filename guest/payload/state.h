/* The state of a payload process, from its start to its end. */
#ifndef FERRULE_PAYLOAD_STATE_H
#define FERRULE_PAYLOAD_STATE_H

#include "core/plan.h"
#include "core/record.h"
#include "core/timing.h"

struct shared; /* workloads/workload.h */

struct payload {
    struct plan plan;
    struct timing timing;
    struct record record;
    struct shared *shared;
    int second_reported; /* a refused pin to the second CPU has been reported */
    uint32_t plan_crc;   /* of the text patched into .plan */
    uint64_t begun;      /* the counter at the process's first instruction */
};

#endif
