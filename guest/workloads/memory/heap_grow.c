/* The end of the heap is moved up by `size` bytes and back (brk): what a program's own allocator asks of the kernel
 * when it grows and shrinks. Nothing is touched in between. One operation is both moves, each of which also asks where
 * the end is. */
#include "workloads/workload.h"

STATE(long) /* the size */

static long setup(struct run *run) {
    PARAMETER(run, size, 1, 16777216);
    *state(run) = (long)size;
    TRY(run, os_break(0));
    return 0;
}

static inline void op(struct run *run) {
    long size = *state(run);
    long up = os_break(size), down = os_break(-size);
    EXPECT(run, (up >= 0) & (down == up + size));
}

/* The heap must end where brk says, new memory below it be zero and writable, and the move back restore the end. */
static long verify(struct run *run) {
    long size = *state(run), from, back;
    TRY(run, from = os_break(size));
    volatile char *fresh = (volatile char *)from;
    int zero = fresh[0] == 0 && fresh[size - 1] == 0;
    fresh[0] = 1;
    fresh[size - 1] = 2;
    int kept = fresh[size - 1] == 2;
    TRY(run, back = os_break(-size));
    op(run);
    if (run->failed || back != from + size || os_break(0) != from)
        return WRONG(run, "the end of the heap was not where it had been moved to");
    return zero && kept ? 0 : WRONG(run, "the heap's fresh memory was not zero, or not writable");
}

WORKLOAD{
    .name = "heap_grow",
    .family = "memory",
    .what = "move the end of the heap up and back (brk)",
    .per = PER_ITERATION,
    .ends = 1,
    .params = "size=4096",
    STEPS,
};
