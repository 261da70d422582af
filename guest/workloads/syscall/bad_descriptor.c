/* A call on a descriptor that is not open: close(-1). Entry, a look into the table of descriptors, an error, exit: the
 * cost of an error of a call that the kernel knows. */
#include "workloads/library.h"

#ifdef OS_HAS_FD
enum { CLOSES = 1 };
#else
enum { CLOSES = 0 };
#endif

static long setup(struct run *run) {
    if (!CLOSES)
        TRY(run, os_close(-1));
    return 0;
}

static long verify(struct run *run) {
    return os_close(-1) == -OS_BAD_DESCRIPTOR ? 0 : WRONG(run, "it did not fail as a call on a bad descriptor does");
}

static inline void op(struct run *run) {
    EXPECT(run, CALL(run, close, -1) == -OS_BAD_DESCRIPTOR);
}

WORKLOAD{
    .name = "bad_descriptor",
    .family = "syscall",
    .what = "close of a descriptor that is not open, refused",
    .per = PER_CALL,
    .ends = 1,
    .params = "library=0",
    STEPS,
};
