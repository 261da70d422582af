/* Pages that are touched for the first time, one after the other. A page fault workload maps them anew for each batch,
 * outside the timed part. A batch is always 256 pages, because the cost of a page depends on how many are allocated in
 * a row: on Linux the first hundreds come from the CPU's own free list, where the last batch left them, still cached;
 * of 4096 in a row each costs several times as much, here and in any other loop. */
#ifndef FERRULE_FAULT_H
#define FERRULE_FAULT_H

#include "workloads/workload.h"

enum { FAULT_BATCH = 256 };

struct fault {
    volatile char *next;
    void *map;
};

/* Call after the mapping; `mapped` is its result. */
static inline void fault_begin(struct run *run, struct fault *fault, long mapped) {
    EXPECT(run, mapped >= 0);
    if (mapped < 0)
        fault->map = NULL;
    fault->next = fault->map;
}

static inline void fault_end(struct fault *fault, size_t bytes) {
    if (fault->map)
        os_unmap(fault->map, bytes);
    fault->map = NULL;
}

/* A kernel that backs a mapping with memory at once has no fault to measure. */
static inline long fault_settle(struct run *run) {
    run->step = FAULT_BATCH;
    if (!OS_MAP_PRESENT)
        return 0;
    run->operation = "fault";
    run->seen = "mapped memory is there at once";
    return -OS_DOES_NOT_EXIST;
}

#endif
