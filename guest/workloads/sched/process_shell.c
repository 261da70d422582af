/* The system's shell is started, ends at once, and is waited for: fork, exec of `sh -c "exit 86"`, exit, wait; what
 * system(3) costs. Pitfall: which shell that is, and what it is linked with at run time, is most of the number; a guest
 * that has no shell refuses. */
#include "workloads/program.h"

PROGRAM_BY(os_process_shell)

WORKLOAD{
    .name = "process_shell",
    .family = "sched",
    .what = "start, end and wait for the system's shell (sh -c)",
    .per = PER_CALL,
    .ends = 1,
    .switches = 2,
    .verify = verify,
    LOOPS,
};
