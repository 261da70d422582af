#include "payload/prepare.h"

#include "payload/registry.h"

int64_t run_param(const struct run *run, const char *key) {
    char name[PLAN_NAME];
    int64_t value = 0;
    for (uint32_t i = 0; i < run->asked->params; i++)
        if (text_equal(run->asked->param[i].key, key))
            return run->asked->param[i].value;
    const char *defaults = workload_find(run->asked->workload)->params;
    for (const char *rest = defaults ? defaults : ""; param_next(&rest, name, &value);)
        if (text_equal(name, key))
            return value;
    return 0;
}

long run_pin(struct run *run, unsigned end) {
    if (run->place == PLACE_FREE)
        return 0;
    long result = os_pin(run->cpu[end]);
    if (result >= 0 && end == 1) {
        long cpu = os_cpu();
        run->shared->cpu_of_second = cpu < 0 ? run->cpu[1] : (uint32_t)cpu;
    }
    return result < 0 ? result : 0;
}

long go_home(const struct plan *plan) {
    return plan->pin && plan->cpus ? os_pin(plan->cpu[0]) : -OS_NOT_PORTED;
}

long run_ready(const struct workload *workload, struct run *run) {
    long result = workload->setup ? workload->setup(run) : 0;
    return result >= 0 && workload->verify ? workload->verify(run) : result < 0 ? result : 0;
}
