/* A call of six arguments (mmap), as many as there are registers for: the kernel looks at the last one first and
 * refuses it. Against null_call, which has none, and invalid_call, which is refused, too, it shows what arguments cost.
 */
#include "workloads/library.h"

enum { REFUSED = 1 };

/* With a valid last argument the same call must succeed. */
static long verify(struct run *run) {
    long at;
    TRY(run, at = os_six_arguments(0));
    TRY(run, os_unmap((void *)at, OS_PAGE));
    return os_six_arguments(REFUSED) == -OS_BAD_OFFSET ? 0 : WRONG(run, "the last argument was not checked");
}

static inline void op(struct run *run) {
    EXPECT(run, CALL(run, six_arguments, REFUSED) == -OS_BAD_OFFSET);
}

WORKLOAD{
    .name = "call_arguments",
    .family = "syscall",
    .what = "call of six arguments (mmap), refused for its last",
    .per = PER_CALL,
    .ends = 1,
    .params = "library=0",
    .verify = verify,
    LOOPS,
};
