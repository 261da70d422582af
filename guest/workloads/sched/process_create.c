/* A process is started as a copy of this one, ends at once, and is waited for: no program is loaded. The copy is of a
 * small process (some hundred KiB touched), so this is the price of an address space, not of copying a large one. The
 * child inherits its parent's one core, where the parent sleeps meanwhile. */
#include "workloads/workload.h"

enum { RAN }; /* word of the shared page */

struct state {
    volatile uint64_t own_copy;
};
STATE(struct state)

static void body(void *argument) {
    (void)argument;
}

static void witness(void *argument) {
    struct run *run = argument;
    state(run)->own_copy++;
    run->shared->word[RAN]++;
}

static inline void op(struct run *run) {
    struct os_process process;
    long started = os_process_start(&process, body, run);
    EXPECT(run, (started >= 0) && (os_process_join(&process) == 0));
}

static long verify(struct run *run) {
    struct os_process process;
    long status;
    TRY(run, os_process_start(&process, witness, run));
    TRY(run, status = os_process_join(&process));
    if (status != 0 || run->shared->word[RAN] != 1)
        return WRONG(run, "the child did not run to its end");
    return state(run)->own_copy == 0 ? 0 : WRONG(run, "the child wrote into our memory: that was no process");
}

WORKLOAD{
    .name = "process_create",
    .family = "sched",
    .what = "start, end and wait for a process (fork, exit, wait)",
    .per = PER_CALL,
    .ends = 1,
    .switches = 2,
    .verify = verify,
    LOOPS,
};
