/* A store to read-only memory: the fault, a signal for it, the handler, the return behind the store. What a program
 * pays for watching its own memory (a garbage collector, a checkpoint); lmbench calls it protection fault. */
#include "workloads/buffer.h"

struct state {
    struct buffer page;
    int installed;
};
STATE(struct state)
static volatile uint64_t faults, stores;
static struct buffer *page;

/* A kernel that resumes at the store itself would fault for ever: the page is then made writable, and the count of
 * faults shows the error. */
static void handler(void) {
    faults++;
    if (faults > stores)
        os_protect(page->at, page->size, 1);
}

static long setup(struct run *run) {
    page = &state(run)->page;
    page->size = OS_PAGE;
    faults = stores = 0;
    TRY(run, os_fault_install(handler));
    state(run)->installed = 1;
    TRY(run, os_map(page->size, &page->at)); /* not yet backed by memory: no kernel has to find and change a page */
    TRY(run, os_protect(page->at, page->size, 0));
    return 0;
}

static inline void op(struct run *run) {
    stores++;
    os_fault_store(state(run)->page.at);
    EXPECT(run, faults == stores);
}

static long verify(struct run *run) {
    uint64_t before = buffer_sum(&state(run)->page, state(run)->page.size);
    for (unsigned turn = 0; turn < 10; turn++)
        op(run);
    if (run->failed)
        return WRONG(run, "the handler did not run once for each store");
    return buffer_sum(&state(run)->page, state(run)->page.size) == before
               ? 0
               : WRONG(run, "read-only memory was written to");
}

static void teardown(struct run *run) {
    if (state(run)->installed)
        os_fault_restore();
    buffer_unmap(&state(run)->page);
}

WORKLOAD{
    .name = "fault_handler",
    .family = "signal",
    .what = "store to read-only memory, caught by a handler (SIGSEGV)",
    .per = PER_CALL,
    .ends = 1,
    .alone = 1,
    STEPS_AND_TEARDOWN,
};
