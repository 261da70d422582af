/* Look-ups in the registry of workloads: by name, and of a workload's parameters. */
#include "payload/registry.h"

const struct workload *workload_find(const char *name) {
    for
        EACH_WORKLOAD(row)
    if (text_equal((*row)->name, name))
        return *row;
    return NULL;
}

int param_next(const char **text, char key[PLAN_NAME], int64_t *value) {
    const char *at = *text;
    size_t length = 0;
    while (*at == ' ')
        at++;
    if (!*at)
        return 0;
    while (*at && *at != '=' && length + 1 < PLAN_NAME)
        key[length++] = *at++;
    key[length] = 0;
    at += *at == '=';
    const char *number = at;
    while (*at && *at != ' ')
        at++;
    *text = at;
    return text_to_i64(number, (size_t)(at - number), value);
}

int has_param(const struct workload *workload, const char *name) {
    char key[PLAN_NAME];
    int64_t value;
    for (const char *rest = workload->params ? workload->params : ""; param_next(&rest, key, &value);)
        if (text_equal(key, name))
            return 1;
    return 0;
}
