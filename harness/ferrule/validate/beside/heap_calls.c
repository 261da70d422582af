/* The end of the heap up and back by one call each, through a function as a C library's: heap_grow asks where it is
 * before each. */
#include "workloads/library.h"

struct state {
    long from;
};
STATE(struct state)

__attribute__((noinline, aligned(64))) static long library_brk(long to) {
    return call1(CALL_BRK, to);
}

static long setup(struct run *run) {
    TRY(run, state(run)->from = os_break(0));
    return 0;
}

static inline void op(struct run *run) {
    long from = state(run)->from, to = from + 4096;
    EXPECT(run, (library_brk(to) == to) & (library_brk(from) == from));
}

static long verify(struct run *run) {
    op(run);
    return run->failed || os_break(0) != state(run)->from ? WRONG(run, "the heap did not end where it must") : 0;
}

WORKLOAD{
    .name = "heap_calls",
    .family = "beside",
    .what = "move the end of the heap up and back, by two calls",
    .per = PER_ITERATION,
    .ends = 1,
    .verify = verify,
    .setup = setup,
    LOOPS,
};
