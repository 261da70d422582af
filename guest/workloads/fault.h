/* Pages that are touched for the first time, one after the other: what a page fault's workload makes anew for each
 * batch, outside of what is timed. A batch is 256 pages, always: what a page costs depends on how many are taken in a
 * row. On Linux the first hundreds come from a list of the CPU's own, on which the last batch left them, still cached;
 * of 4096 in a row each costs several times as much, here and in any other loop. */
#ifndef FERRULE_FAULT_H
#define FERRULE_FAULT_H

#include "workloads/workload.h"

enum { FAULT_BATCH = 256 };

struct fault {
    volatile char *next;
    void *map;
};

/* After a mapping that gave `mapped`. */
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

/* A kernel that maps memory which is there at once has no fault to measure. */
static inline long fault_settle(struct run *run) {
    run->step = FAULT_BATCH;
    if (!OS_MAP_PRESENT)
        return 0;
    run->operation = "fault";
    run->seen = "mapped memory is there at once";
    return -OS_DOES_NOT_EXIST;
}

#endif
