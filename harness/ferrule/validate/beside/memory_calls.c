/* Calls for memory as in will-it-scale, through functions as in a C library: call=0 moves the end of the heap up and
 * back by one call each (heap_grow queries it before each), 1 maps and unmaps 128 MiB, 2 the same with every page
 * touched in between. The process has `maps` more mappings. */
#include "mappings.h"
#include "workloads/library.h"

enum { HEAP, MAP, TOUCH, CALLS };
enum { STEP = 4096, LARGE = 128 << 20 };

struct state {
    long from;
    int64_t call;
    struct mappings besides;
};
STATE(struct state)

__attribute__((noinline, aligned(64))) static long library_brk(long to) {
    return call1(CALL_BRK, to);
}

static long setup(struct run *run) {
    state(run)->call = run_param(run, "call");
    if (state(run)->call < 0 || state(run)->call >= CALLS)
        return REFUSE(run, "call", "0..2");
    TRY(run, state(run)->from = os_break(0));
    return mappings_make(run, &state(run)->besides);
}

static inline int made(struct state *own) {
    long from = own->from, to = from + STEP;
    void *at;
    if (own->call == HEAP)
        return (library_brk(to) == to) & (library_brk(from) == from);
    if (library_map(LARGE, &at) != 0)
        return 0;
    for (size_t i = 0; own->call == TOUCH && i < LARGE; i += STEP)
        ((volatile char *)at)[i] = 0;
    return library_unmap(at, LARGE) == 0;
}

static inline void op(struct run *run) {
    EXPECT(run, made(state(run)));
}

static long verify(struct run *run) {
    if (!made(state(run)))
        return WRONG(run, "the call gave another answer than it must");
    return os_break(0) == state(run)->from ? 0 : WRONG(run, "the heap did not end where it ended before");
}

static void teardown(struct run *run) {
    mappings_end(&state(run)->besides);
}

WORKLOAD{
    .name = "memory_calls",
    .family = "beside",
    .what = "calls for memory as will-it-scale makes them",
    .per = PER_CALL,
    .ends = 1,
    .params = "call=0 maps=30",
    STEPS_AND_TEARDOWN,
};
