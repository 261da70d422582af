/* The parent process's id, by a raw call that no cache answers: getppid. Where the kernel keeps processes this is one
 * trap and the same call as null_call's; where a daemon keeps them it is a round trip to that daemon, two context
 * switches and a message without bytes, as its own developers measure their IPC. The number of switches is part of what
 * the row means, so the two kinds are never compared. */
#include "workloads/workload.h"

static long setup(struct run *run) {
    run->switches = OS_SERVED_SWITCHES;
    TRY(run, os_parent());
    return 0;
}

static void ask(void *argument) {
    ((struct run *)argument)->shared->word[0] = (uint64_t)os_parent();
}

/* Two children must get the same parent id: that of this process, which differs from its own parent's unless that is 1.
 */
static long verify(struct run *run) {
    enum { FIRST = 1 };
    long own, parent[2];
    TRY(run, own = os_parent());
    for (unsigned turn = 0; turn < 2; turn++) {
        struct os_process process;
        TRY(run, os_process_start(&process, ask, run));
        TRY(run, os_process_join(&process));
        parent[turn] = (long)run->shared->word[0];
    }
    if (parent[0] <= 0 || parent[0] != parent[1])
        return WRONG(run, "two children of one process got different parent ids");
    return parent[0] != own || own == FIRST ? 0 : WRONG(run, "a child got the id of its parent's parent");
}

static inline void op(struct run *run) {
    EXPECT(run, os_parent() >= 0);
}

WORKLOAD{
    .name = "parent_id",
    .family = "syscall",
    .what = "the parent's process id (getppid), from the kernel or the server that has it",
    .per = PER_CALL,
    .ends = 1,
    STEPS,
};
