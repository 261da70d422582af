/* The registry of workloads: pointers that the linker collected from every workload file. */
#ifndef FERRULE_PAYLOAD_REGISTRY_H
#define FERRULE_PAYLOAD_REGISTRY_H

#include "workloads/workload.h"

extern const struct workload *const __start_workloads[];
extern const struct workload *const __stop_workloads[];
#define EACH_WORKLOAD(row) (const struct workload *const *row = __start_workloads; row < __stop_workloads; row++)
const struct workload *workload_find(const char *name);
int has_param(const struct workload *workload, const char *name);
/* Walks "name=default ..." texts: returns 0 at the end, else advances *text and fills key and value. */
int param_next(const char **text, char key[PLAN_NAME], int64_t *value);

#endif
