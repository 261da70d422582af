/* Reads one line of the plan, which the host patched into the image. */
#include "plan.h"

#include "image.h"

/* `processes=N` at the start of a line of the plan; 1 when there is none. */
uint64_t planned_processes(void) {
    enum { PLAN_CAPACITY = 16384 }; /* guest/core/plan.h */
    static const char key[] = "\nprocesses=";
    uint64_t matched = 1, count = 0; /* the plan's start is the start of a line */
    for (const char *at = plan_load; at < plan_load + PLAN_CAPACITY && *at; at++) {
        matched = *at == key[matched] ? matched + 1 : *at == key[0];
        if (key[matched])
            continue;
        for (at++; *at >= '0' && *at <= '9'; at++)
            count = count * 10 + (uint64_t)(*at - '0');
        return count;
    }
    return 1;
}
