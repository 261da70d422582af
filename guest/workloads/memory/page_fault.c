/* The first touch of a fresh anonymous page: trap, a zeroed page, a table entry. Each batch has a mapping of its own,
 * made and undone outside the timed part; pages are touched in ascending order, one byte written each, so one touch in
 * 512 also needs a page of the page table (that is the true price of walking through memory). Pages are base pages: the
 * port keeps huge ones away, or one fault would stand for 512. At most 16 MiB at a time: fits into a small guest. */
#include "workloads/workload.h"

struct state {
    volatile char *next;
    void *map;
};
STATE(struct state)

static void before(struct run *run, uint64_t n) {
    EXPECT(run, os_map(n * OS_PAGE, &state(run)->map) >= 0);
    state(run)->next = run->failed ? NULL : state(run)->map;
}

static void after(struct run *run, uint64_t n) {
    if (state(run)->map)
        os_unmap(state(run)->map, n * OS_PAGE);
    state(run)->map = NULL;
}

static long setup(struct run *run) {
    if (!OS_MAP_PRESENT)
        return 0;
    run->operation = "fault";
    run->seen = "mapped memory is there at once";
    return -OS_DOES_NOT_EXIST;
}

static long verify(struct run *run) {
    enum { PAGES = 16 };
    void *at = NULL;
    TRY(run, os_map(PAGES * OS_PAGE, &at));
    volatile char *byte = at;
    int zero = 1, kept = 1;
    for (size_t i = 0; i < PAGES * OS_PAGE; i++)
        zero &= byte[i] == 0;
    for (size_t i = 0; i < PAGES; i++)
        byte[i * OS_PAGE] = (char)(i + 1);
    for (size_t i = 0; i < PAGES; i++)
        kept &= byte[i * OS_PAGE] == (char)(i + 1);
    TRY(run, os_unmap(at, PAGES * OS_PAGE));
    if (!zero)
        return WRONG(run, "a fresh page was not zero");
    return kept ? 0 : WRONG(run, "what was written to the pages was not there afterwards");
}

static inline void op(struct run *run) {
    *state(run)->next = 1;
    state(run)->next += OS_PAGE;
}

WORKLOAD{
    .name = "page_fault",
    .family = "memory",
    .what = "first write to a fresh anonymous page",
    .per = PER_CALL,
    .ends = 1,
    .max_batch = 4096,
    .setup = setup,
    .verify = verify,
    .before = before,
    .after = after,
    LOOPS,
};
