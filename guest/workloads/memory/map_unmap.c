/* An anonymous private mapping of `size` bytes is made and undone: with touch=0 the two calls alone (bookkeeping, no
 * memory changes hands), with touch=1 each page is also written once in between, so faults, zeroing and freeing are
 * inside. The two are different prices; tools that print "mmap latency" mostly mean the second. Pitfall: on kernels
 * whose mappings are there at once (the port's README says so) there is no such difference: the memory changes hands in
 * both. */
#include "workloads/library.h"

enum { LARGEST = 64 << 20 };

struct state {
    size_t size, touched; /* bytes mapped, bytes of them to touch */
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t size = run_param(run, "size"), touch = run_param(run, "touch");
    if (size < 1 || size > LARGEST)
        return REFUSE(run, "size", "1..67108864");
    if (touch != 0 && touch != 1)
        return REFUSE(run, "touch", "0 or 1");
    state(run)->size = (size_t)size;
    state(run)->touched = touch ? (size_t)size : 0;
    return 0;
}

static long verify(struct run *run) {
    void *first = NULL, *second = NULL;
    TRY(run, os_map(state(run)->size, &first));
    TRY(run, os_map(state(run)->size, &second));
    *(volatile char *)first = 1;
    *(volatile char *)second = 2;
    int apart = *(volatile char *)first == 1;
    TRY(run, os_unmap(first, state(run)->size));
    TRY(run, os_unmap(second, state(run)->size));
    return apart ? 0 : WRONG(run, "two mappings shared their memory");
}

static inline void op(struct run *run) {
    void *at = NULL;
    long mapped = CALL(run, map, state(run)->size, &at);
    if (mapped >= 0)
        for (size_t i = 0; i < state(run)->touched; i += OS_PAGE)
            ((volatile char *)at)[i] = 1;
    EXPECT(run, (mapped >= 0) && (CALL(run, unmap, at, state(run)->size) >= 0));
}

WORKLOAD{
    .name = "map_unmap",
    .family = "memory",
    .what = "map and unmap anonymous memory",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=4096 touch=0 library=0",
    .setup = setup,
    .verify = verify,
    LOOPS,
};
