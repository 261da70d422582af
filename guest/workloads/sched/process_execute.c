/* A process is started that loads a program (this one, anew), which ends at once, and is waited for: fork, exec, exit,
 * wait. Against process_create it shows the price of a new image: reading the ELF file, which is in the page cache,
 * mapping it, the first faults in it. Nothing is linked at run time. */
#include "workloads/program.h"

PROGRAM_BY(os_process_execute)

WORKLOAD{
    .name = "process_execute",
    .family = "sched",
    .what = "start, load, end and wait for a program (fork, exec, exit, wait)",
    .per = PER_CALL,
    .ends = 1,
    .switches = 2,
    .verify = verify,
    LOOPS,
};
