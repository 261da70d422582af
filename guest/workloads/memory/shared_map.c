/* A memory object (what shm_open and memfd_create give) is mapped, its first page written once, and unmapped again. The
 * object has its memory already, so no page is zeroed: one operation is two calls and a fault that finds the page.
 * Where a daemon keeps such objects the first call is a round trip to it; the switches are part of what the row means.
 * Against map_unmap touch=1 it shows what it costs to share memory by name. */
#include "workloads/workload.h"

struct state {
    int object; /* 0: there is none */
    size_t size;
};
STATE(struct state)

static long setup(struct run *run) {
    PARAMETER(run, size, 1, 16777216);
    run->switches = OS_SERVED_SWITCHES;
    state(run)->size = (size_t)size;
    TRY_FD(run, state(run)->object, os_memory_object((size_t)size));
    return 0;
}

/* Two mappings must show the same memory, and the object must keep it while it is not mapped. */
static long verify(struct run *run) {
    struct state *own = state(run);
    void *first = NULL, *second = NULL;
    TRY(run, os_map_object(own->object, own->size, &first));
    TRY(run, os_map_object(own->object, own->size, &second));
    volatile char *here = first, *there = second;
    here[0] = 42;
    here[own->size - 1] = 43;
    int shared = here != there && there[own->size - 1] == 43 && (own->size == 1 || there[0] == 42);
    TRY(run, os_unmap(first, own->size));
    TRY(run, os_unmap(second, own->size));
    TRY(run, os_map_object(own->object, own->size, &first));
    int kept = ((volatile char *)first)[own->size - 1] == 43;
    TRY(run, os_unmap(first, own->size));
    if (!shared)
        return WRONG(run, "two mappings of one object did not show the same memory");
    return kept ? 0 : WRONG(run, "the object did not keep what was written to it");
}

static inline void op(struct run *run) {
    void *at = NULL;
    long mapped = os_map_object(state(run)->object, state(run)->size, &at);
    if (mapped >= 0)
        *(volatile char *)at = 1;
    EXPECT(run, (mapped >= 0) && (os_unmap(at, state(run)->size) >= 0));
}

static void teardown(struct run *run) {
    if (state(run)->object > 0)
        os_close(state(run)->object);
}

WORKLOAD{
    .name = "shared_map",
    .family = "memory",
    .what = "map, touch and unmap a memory object (shm)",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=4096",
    STEPS_AND_TEARDOWN,
};
