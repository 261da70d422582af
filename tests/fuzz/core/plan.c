/* Any text as a plan: it is refused, or it is within all bounds and its order holds each run once. */
#include "check.h"
#include "plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct plan plan;
    static uint32_t order[PLAN_RUNS];
    uint8_t seen[PLAN_RUNS] = {0};
    const char *why = 0;
    char *text = exact(data, size);
    plan_default(&plan);
    int32_t line = plan_parse(&plan, text, size, &why);
    free(text);
    if (line) {
        CHECK(line > 0 && why && *why);
        return 0;
    }
    CHECK(plan.runs <= PLAN_RUNS && plan.cpus <= PLAN_CPUS && memchr(plan.run, 0, sizeof plan.run));
    for (uint32_t i = 0; i < plan.runs; i++) {
        const struct plan_run *run = &plan.run_list[i];
        CHECK(run->params <= PLAN_PARAMS && memchr(run->workload, 0, PLAN_NAME) && run->more <= PLAN_MORE);
        CHECK(run->place >= PLACE_SAME_CORE && run->place <= PLACE_FREE);
        for (uint32_t p = 0; p < run->params; p++)
            CHECK(memchr(run->param[p].key, 0, PLAN_NAME));
    }
    plan_order(plan.seed, plan.boot, plan.process, plan.runs, order);
    for (uint32_t i = 0; i < plan.runs; i++) {
        CHECK(order[i] < plan.runs && !seen[order[i]]);
        seen[order[i]] = 1;
    }
    return 0;
}
