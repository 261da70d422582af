/* pipe_latency between two processes of which each is in a control group (cgroup) of its own, among which the kernel
 * divides the CPU: each switch is one from group to group, and is accounted to both. Against pipe_latency it shows what
 * the groups cost. Pitfall: the groups' depth below the root is part of the price; these are one level below. */
#include "workloads/lines.h"

enum { HERE, THERE }; /* the groups; word[THERE] of the shared page: the other process was in its group */

LINES_ENDS(read, write)

static void answer(void *argument) {
    struct run *run = argument;
    const uint64_t until = os_clock_ns() + 1000000000; /* the first process leaves this group long before */
    while (!(run->shared->word[THERE] = os_cgroup_holds(THERE) == 1) && os_clock_ns() < until)
        ;
    echo(run);
}

static long setup(struct run *run) {
    TRY(run, os_cgroup_join(THERE)); /* the other process, a copy of this one, begins there */
    PASS_ON(lines_start(run, state(run), pipe_line, answer));
    TRY(run, os_cgroup_join(HERE));
    return 0;
}

static long verify(struct run *run) {
    PASS_ON(lines_verify(run, op));
    return os_cgroup_holds(HERE) == 1 && run->shared->word[THERE] ? 0 : WRONG(run, "both were in one group");
}

static void teardown(struct run *run) {
    lines_end(state(run));
    os_cgroup_leave();
}

WORKLOAD{
    .name = "cgroup_latency",
    .family = "ipc",
    .what = "round trip of a message between two processes in control groups of their own",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "size=1 library=0",
    STEPS_AND_TEARDOWN,
};
