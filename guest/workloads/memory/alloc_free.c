/* A piece of `size` bytes is taken from the kernel's own allocator and given back, untouched. Kernels that share their
 * address space with the program offer it; elsewhere the allocator is part of the program. */
#include "workloads/workload.h"

enum { ALIGNMENT = 16 };
STATE(size_t)

static long setup(struct run *run) {
    PARAMETER(run, size, 1, 1048576);
    *state(run) = (size_t)size;
    return 0;
}

static long verify(struct run *run) {
    void *first = NULL, *second = NULL;
    size_t size = *state(run);
    TRY(run, os_alloc(size, ALIGNMENT, &first));
    TRY(run, os_alloc(size, ALIGNMENT, &second));
    memset(first, 1, size);
    memset(second, 2, size);
    int apart = ((char *)first)[0] == 1 && ((char *)first)[size - 1] == 1;
    int aligned = (((uintptr_t)first | (uintptr_t)second) & (ALIGNMENT - 1)) == 0;
    TRY(run, os_free(second, size, ALIGNMENT));
    TRY(run, os_free(first, size, ALIGNMENT));
    if (!aligned)
        return WRONG(run, "a piece was not aligned");
    return apart ? 0 : WRONG(run, "two pieces overlapped");
}

static inline void op(struct run *run) {
    void *at = NULL;
    size_t size = *state(run);
    long taken = os_alloc(size, ALIGNMENT, &at);
    EXPECT(run, (taken >= 0) && (os_free(at, size, ALIGNMENT) >= 0));
}

WORKLOAD{
    .name = "alloc_free",
    .family = "memory",
    .what = "take memory from the kernel's allocator and give it back",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=64",
    STEPS,
};
