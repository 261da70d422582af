/* The first touch of a fresh anonymous page: trap, a zeroed page, a table entry. Each batch has a mapping of its own,
 * made and undone outside the timed part; pages are touched in ascending order, one byte written each, so one touch in
 * a batch also needs a page of the page table (that is the true price of walking through memory). Pages are base pages:
 * the port turns huge ones off; otherwise one fault would count for 512. A batch is 256 pages (fault.h says why). */
#include "workloads/fault.h"

STATE(struct fault)

static void before(struct run *run, uint64_t n) {
    fault_begin(run, state(run), os_map(n * OS_PAGE, &state(run)->map));
}

static void after(struct run *run, uint64_t n) {
    fault_end(state(run), n * OS_PAGE);
}

static long setup(struct run *run) {
    return fault_settle(run);
}

static inline void op(struct run *run) {
    *state(run)->next = 1;
    state(run)->next += OS_PAGE;
}

static long verify(struct run *run) {
    enum { PAGES = 16 };
    struct fault *fault = state(run);
    TRY(run, os_map(PAGES * OS_PAGE, &fault->map)); /* a refusal then names the call */
    fault_end(fault, PAGES * OS_PAGE);
    before(run, PAGES);
    volatile char *byte = fault->map;
    int zero = 1, kept = 1;
    for (size_t i = 0; i < PAGES * OS_PAGE; i++)
        zero &= byte[i] == 0;
    for (size_t i = 0; i < PAGES; i++)
        op(run);
    for (size_t i = 0; i < PAGES; i++)
        kept &= byte[i * OS_PAGE] == 1;
    after(run, PAGES);
    if (!zero)
        return WRONG(run, "a fresh page was not zero");
    return kept ? 0 : WRONG(run, "what was written to the pages was not there afterwards");
}

WORKLOAD{
    .name = "page_fault",
    .family = "memory",
    .what = "first write to a fresh anonymous page",
    .per = PER_CALL,
    .ends = 1,
    .max_batch = 256,
    .before = before,
    .after = after,
    STEPS,
};
