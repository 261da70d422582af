/* For tests: an operation that writes lines that are not records to standard output, for ever. */
#include "workloads/workload.h"

static inline void op(struct run *run) {
    char garbage[512];
    uint64_t state = 1;
    (void)run;
    for (;;) {
        for (size_t i = 0; i < sizeof garbage; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            garbage[i] = i % 100 == 99 ? '\n' : (char)(' ' + (state >> 33) % 95);
        }
        os_output(garbage, sizeof garbage);
    }
}

WORKLOAD{
    .name = "flood",
    .family = "faults",
    .what = "floods standard output with garbage",
    .per = PER_CALL,
    .ends = 1,
    .hidden = 1,
    LOOPS,
};
