/* For tests: an undefined instruction, for guests whose page at address 0 can be written to. */
#include "workloads/workload.h"

static inline void op(struct run *run) {
    if (run->word[0] == 0) /* words are zero; the compiler cannot know */
        __builtin_trap();
}

WORKLOAD{
    .name = "trap",
    .family = "traps",
    .what = "executes an undefined instruction",
    .per = PER_CALL,
    .ends = 1,
    .hidden = 1,
    LOOPS,
};
