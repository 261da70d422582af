/* The first read of a page that is in memory and not in this mapping's page table: a minor fault on a cached page of an
 * object (memfd). Kernels map the pages around it, too, usually 16, so the pages touched are 16 apart: each operation
 * is one fault with the pages that it maps. Mappings are made and undone outside the timed part. */
#include "workloads/fault.h"
#include "workloads/object.h"

enum { APART = 16 }; /* pages */

struct state {
    struct fault fault;
    struct object object;
};
STATE(struct state)

static void before(struct run *run, uint64_t n) {
    struct state *own = state(run);
    fault_begin(run, &own->fault, os_map_object(own->object.fd, n * APART * OS_PAGE, &own->fault.map));
}

static void after(struct run *run, uint64_t n) {
    fault_end(&state(run)->fault, n * APART * OS_PAGE);
}

static long setup(struct run *run) {
    long made = object_make(run, &state(run)->object, FAULT_BATCH * APART);
    return made < 0 ? made : fault_settle(run);
}

static inline void op(struct run *run) {
    (void)*state(run)->fault.next;
    state(run)->fault.next += APART * OS_PAGE;
}

static long verify(struct run *run) {
    struct fault *fault = &state(run)->fault;
    int right = 1;
    before(run, FAULT_BATCH);
    if (run->failed)
        return WRONG(run, "the object could not be mapped a second time");
    for (size_t i = 0; i < FAULT_BATCH; i++) {
        right &= (unsigned char)*fault->next == object_byte(i * APART);
        op(run);
    }
    after(run, FAULT_BATCH);
    return right ? 0 : WRONG(run, "a page of the object was not the one that had been written");
}

static void teardown(struct run *run) {
    object_end(&state(run)->object);
}

WORKLOAD{
    .name = "page_fault_file",
    .family = "memory",
    .what = "first read of a cached file page (minor fault)",
    .per = PER_CALL,
    .ends = 1,
    .max_batch = 256,
    .before = before,
    .after = after,
    STEPS_AND_TEARDOWN,
};
