/* The parent process's number, by a raw call past any cache: getppid. Where the kernel keeps processes this is one trap
 * and the same call as null_call's; where a daemon keeps them it is a round trip to that daemon, two context
 * switches and a message without bytes, as its own developers measure their IPC. The number of switches is part of what
 * the row means, so the one is never compared with the other. */
#include "workloads/workload.h"

static long setup(struct run *run) {
    run->switches = OS_SERVED_SWITCHES;
    TRY(run, os_parent());
    return 0;
}

enum { CHILD, GRANDCHILD };

static void ask_below(void *argument) {
    ((struct run *)argument)->shared->word[GRANDCHILD] = (uint64_t)os_parent();
}

static void ask(void *argument) {
    struct os_process below;
    ((struct run *)argument)->shared->word[CHILD] = (uint64_t)os_parent();
    if (os_process_start(&below, ask_below, argument) >= 0)
        os_process_join(&below);
}

/* Two processes of one parent are told the same, and each is another parent to its own. */
static long verify(struct run *run) {
    volatile uint64_t *said = run->shared->word;
    uint64_t first = 0;
    for (unsigned turn = 0; turn < 2; turn++) {
        struct os_process process;
        said[GRANDCHILD] = UINT64_MAX;
        TRY(run, os_process_start(&process, ask, run));
        TRY(run, os_process_join(&process));
        if (turn && said[CHILD] != first)
            return WRONG(run, "two children of one process were told two parents");
        first = said[CHILD];
        if (said[GRANDCHILD] == UINT64_MAX || said[GRANDCHILD] == first)
            return WRONG(run, "a child's child was not told another parent");
    }
    return 0;
}

static inline void op(struct run *run) {
    EXPECT(run, os_parent() >= 0);
}

WORKLOAD{
    .name = "parent_id",
    .family = "syscall",
    .what = "the parent's process id (getppid), from whoever keeps it",
    .per = PER_CALL,
    .ends = 1,
    .setup = setup,
    .verify = verify,
    LOOPS,
};
