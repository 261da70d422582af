/* `nops` no-op instructions: a jump into a sled of 1024, so far from its end that exactly that many are executed. The
 * instructions around them are the same for every value, so where instructions are counted, nops=N must be seen as
 * exactly N more than nops=0. A measurement that misses them would miss a regression, too. */
#include "workloads/workload.h"

enum { SLED = 1024 };

__asm__(".text\n"
        ".balign 64\n"
#if defined(__riscv)
        ".option push\n"
        ".option norvc\n" /* all no-ops of one size */
#endif
        "canary_sled:\n\t"
        ".rept 1024\n\t"
        "nop\n\t"
        ".endr\n"
        "canary_sled_end:\n\t"
        "ret\n"
#if defined(__riscv)
        ".option pop\n"
#endif
);
extern const char canary_sled[] __attribute__((visibility("hidden")));
extern const char canary_sled_end[] __attribute__((visibility("hidden")));

struct state {
    void (*entry)(void);
};
STATE(struct state)

static inline uintptr_t nop_bytes(void) {
    return (uintptr_t)(canary_sled_end - canary_sled) / SLED;
}

static long setup(struct run *run) {
    PARAMETER(run, nops, 0, 1024);
    state(run)->entry = (void (*)(void))((uintptr_t)canary_sled_end - (uintptr_t)nops * nop_bytes());
    return 0;
}

/* From the jump's target to the sled's end there must be exactly that many no-ops. */
static long verify(struct run *run) {
    const char *at = (const char *)(uintptr_t)state(run)->entry;
    int64_t nops = 0;
    for (; at < canary_sled_end && memcmp(at, canary_sled, nop_bytes()) == 0; at += nop_bytes())
        nops++;
    if (at != canary_sled_end || nops != run_param(run, "nops"))
        return WRONG(run, "it would execute another number of no-ops");
    return 0;
}

static inline void op(struct run *run) {
    state(run)->entry();
}

WORKLOAD{
    .name = "canary",
    .family = "control",
    .what = "a call that executes N no-op instructions",
    .per = PER_ITERATION,
    .ends = 1,
    .hidden = 1,
    .params = "nops=0",
    STEPS,
};
