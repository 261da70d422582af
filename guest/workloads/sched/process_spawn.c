/* The program of process_execute, loaded without a copy of this process on the way: the new process runs in this one's
 * memory until it has loaded its own image, and this one sleeps until then (vfork, exec, exit, wait; what posix_spawn
 * does). Against process_execute it shows the price of the copy. */
#include "workloads/program.h"

PROGRAM_BY(os_process_spawn)

WORKLOAD{
    .name = "process_spawn",
    .family = "sched",
    .what = "load, end and wait for a program without a copy of the process (vfork, exec)",
    .per = PER_CALL,
    .ends = 1,
    .switches = 2,
    .verify = verify,
    LOOPS,
};
