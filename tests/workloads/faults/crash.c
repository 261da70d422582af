/* For tests: an operation that kills the payload by a write to address 0 (SIGSEGV). */
#include "workloads/workload.h"

static inline void op(struct run *run) {
    *(volatile char *)(uintptr_t)run->word[0] = 1; /* words are zero; the compiler cannot know */
}

WORKLOAD{
    .name = "crash",
    .family = "faults",
    .what = "writes to address 0",
    .per = PER_CALL,
    .ends = 1,
    .hidden = 1,
    LOOPS,
};
