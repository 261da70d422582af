/* A process is started that loads a program (this one, anew), which ends at once, and is waited for: fork, exec, exit,
 * wait. Against process_create it shows the price of a new image: reading the ELF file, which is in the page cache,
 * mapping it, the first faults in it. Nothing is linked at run time. */
#include "workloads/workload.h"

static inline void op(struct run *run) {
    struct os_process process;
    long started = os_process_execute(&process);
    EXPECT(run, (started >= 0) && (os_process_join(&process) == OS_EXECUTED));
}

static long verify(struct run *run) {
    struct os_process process;
    long status;
    TRY(run, os_process_execute(&process));
    TRY(run, status = os_process_join(&process));
    if (status == OS_NOT_EXECUTED) {
        run->operation = "os_process_execute";
        return -OS_ENOEXEC;
    }
    return status == OS_EXECUTED ? 0 : WRONG(run, "the program did not end as it does");
}

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
