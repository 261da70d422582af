/* The system's name and version, copied out as six strings of 65 bytes: uname. A call whose work is to copy a small
 * struct to the program. */
#include "workloads/library.h"

static long verify(struct run *run) {
    char name[OS_SYSTEM_NAME] = {0};
    TRY(run, os_system_name(name));
    if (!name[0] || !name[2 * OS_SYSTEM_NAME_PART])
        return WRONG(run, "the system has no name, or no version");
    return 0;
}

static inline void op(struct run *run) {
    char name[OS_SYSTEM_NAME];
    EXPECT(run, CALL(run, system_name, name) >= 0);
}

WORKLOAD{
    .name = "system_name",
    .family = "syscall",
    .what = "ask for the system's name and version (uname)",
    .per = PER_CALL,
    .ends = 1,
    .params = "library=0",
    .verify = verify,
    LOOPS,
};
