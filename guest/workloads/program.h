/* A program that is loaded, ends at once with a status that is known, and is waited for. PROGRAM_BY(start) defines the
 * whole workload except its row; start(process) starts the program. */
#ifndef FERRULE_PROGRAM_H
#define FERRULE_PROGRAM_H

#include "workloads/workload.h"

#define PROGRAM_BY(start)                                                                                              \
    static inline void op(struct run *run) {                                                                           \
        struct os_process process;                                                                                     \
        long started = start(&process);                                                                                \
        EXPECT(run, (started >= 0) && (os_process_join(&process) == OS_EXECUTED));                                     \
    }                                                                                                                  \
    static long verify(struct run *run) {                                                                              \
        struct os_process process;                                                                                     \
        long status;                                                                                                   \
        TRY(run, start(&process));                                                                                     \
        TRY(run, status = os_process_join(&process));                                                                  \
        if (status == OS_NOT_EXECUTED) {                                                                               \
            run->operation = #start;                                                                                   \
            return -OS_ENOEXEC;                                                                                        \
        }                                                                                                              \
        return status == OS_EXECUTED ? 0 : WRONG(run, "the program did not end with its known status");                \
    }

#endif
