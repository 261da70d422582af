/* An anonymous private mapping of `size` bytes is made and undone: with touch=0 the two calls alone (bookkeeping, no
 * memory changes hands), with touch=1 each page is also written once in between, so faults, zeroing and freeing are
 * inside. The two are different prices; tools that print "mmap latency" mostly mean the second. Pitfall: on kernels
 * that back a mapping with memory at once (the port's README says so) there is no such difference: memory changes hands
 * in both. What stands beside the new mapping is part of the price: neighbour=1 puts a mapping with the same rights
 * there, which a kernel may grow and shrink instead of keeping two; neighbour=2 one that may only be read, with which
 * nothing merges; 0 leaves it to whatever was mapped before. */
#include "workloads/library.h"

struct state {
    size_t size, touched; /* bytes mapped, bytes of them to touch */
    void *neighbour;
};
STATE(struct state)

static long settle(struct run *run) {
    PARAMETER(run, neighbour, 0, 2);
    if (neighbour)
        TRY(run, os_map(state(run)->size, &state(run)->neighbour));
    if (neighbour == 2)
        TRY(run, os_protect(state(run)->neighbour, state(run)->size, 0));
    return 0;
}

/* Whether a mapping begins where the neighbour ends, or ends where it begins; sizes are rounded up to whole pages. */
static int beside(const struct state *own, void *at) {
    size_t whole = (own->size + OS_PAGE - 1) / OS_PAGE * OS_PAGE;
    return (char *)at + whole == own->neighbour || (char *)own->neighbour + whole == at;
}

static long setup(struct run *run) {
    PARAMETER(run, size, 1, 67108864);
    int64_t touch = run_param(run, "touch");
    if (touch != 0 && touch != 1)
        return REFUSE(run, "touch", "0 or 1");
    state(run)->size = (size_t)size;
    state(run)->touched = touch ? (size_t)size : 0;
    return settle(run);
}

static long verify(struct run *run) {
    void *first = NULL, *second = NULL;
    TRY(run, os_map(state(run)->size, &first));
    int near = !state(run)->neighbour || beside(state(run), first);
    TRY(run, os_map(state(run)->size, &second));
    *(volatile char *)first = 1;
    *(volatile char *)second = 2;
    int apart = *(volatile char *)first == 1;
    TRY(run, os_unmap(first, state(run)->size));
    TRY(run, os_unmap(second, state(run)->size));
    if (!near)
        return WRONG(run, "the mapping was not beside its neighbour");
    return apart ? 0 : WRONG(run, "two mappings shared their memory");
}

static void teardown(struct run *run) {
    if (state(run)->neighbour)
        os_unmap(state(run)->neighbour, state(run)->size);
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
    .params = "size=4096 touch=0 neighbour=0 library=0",
    STEPS_AND_TEARDOWN,
};
