/* Mappings that do not merge, so that this process has as many as one with many libraries; the kernel keeps mappings in
 * a tree. */
#ifndef FERRULE_BESIDE_MAPPINGS_H
#define FERRULE_BESIDE_MAPPINGS_H

#include "workloads/workload.h"

enum { MAPPINGS_MOST = 256 };

struct mappings {
    uint32_t made;
};
static void *mappings_at[MAPPINGS_MOST];

static inline long mappings_make(struct run *run, struct mappings *own) {
    int64_t count = run_param(run, "maps");
    if (count < 0 || count > MAPPINGS_MOST)
        return REFUSE(run, "maps", "0..256");
    for (; own->made < count; own->made++) {
        TRY(run, os_map(OS_PAGE, &mappings_at[own->made]));
        if (own->made % 2)
            TRY(run, os_protect(mappings_at[own->made], OS_PAGE, 0));
    }
    return 0;
}

static inline void mappings_end(struct mappings *own) {
    while (own->made > 0)
        os_unmap(mappings_at[--own->made], OS_PAGE);
}

#endif
