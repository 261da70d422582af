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

static void ask(void *argument) {
    ((struct run *)argument)->shared->word[0] = (uint64_t)os_parent();
}

/* Two processes of one parent are told the same: that parent, which itself has another one unless it is the first. */
static long verify(struct run *run) {
    enum { FIRST = 1 };
    long own, told[2];
    TRY(run, own = os_parent());
    for (unsigned turn = 0; turn < 2; turn++) {
        struct os_process process;
        TRY(run, os_process_start(&process, ask, run));
        TRY(run, os_process_join(&process));
        told[turn] = (long)run->shared->word[0];
    }
    if (told[0] <= 0 || told[0] != told[1])
        return WRONG(run, "two children of one process were told two parents");
    return told[0] != own || own == FIRST ? 0 : WRONG(run, "a child was told its parent's parent");
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
    STEPS,
};
