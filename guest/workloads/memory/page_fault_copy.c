/* The first write to a page of a private mapping of an object whose pages are allocated: trap, a page, a copy of 4 KiB,
 * a table entry (copy on write). Each batch has a mapping of its own, made and undone outside the timed part; nothing
 * is read before, so that it is one fault and not two. */
#include "workloads/fault.h"
#include "workloads/object.h"

struct state {
    struct fault fault;
    struct object object;
};
STATE(struct state)

static void before(struct run *run, uint64_t n) {
    struct state *own = state(run);
    fault_begin(run, &own->fault, os_map_copy(own->object.fd, n * OS_PAGE, &own->fault.map));
}

static void after(struct run *run, uint64_t n) {
    fault_end(&state(run)->fault, n * OS_PAGE);
}

static long setup(struct run *run) {
    void *at = NULL;
    PASS_ON(object_make(run, &state(run)->object, FAULT_BATCH));
    TRY(run, os_map_copy(state(run)->object.fd, OS_PAGE, &at)); /* a refusal then names the call */
    os_unmap(at, OS_PAGE);
    return fault_settle(run);
}

static inline void op(struct run *run) {
    state(run)->fault.next[1] = 1;
    state(run)->fault.next += OS_PAGE;
}

/* The rest of each page must be the object's, and the object must not see what is written. */
static long verify(struct run *run) {
    enum { PAGES = 16 };
    int copied = 1, kept = 1;
    for (unsigned turn = 0; turn < 2; turn++) {
        before(run, PAGES);
        if (run->failed)
            return WRONG(run, "the object could not be mapped privately");
        volatile unsigned char *at = state(run)->fault.map;
        for (size_t i = 0; i < PAGES; i++) {
            kept &= at[i * OS_PAGE + 1] == 0;
            op(run);
            copied &= at[i * OS_PAGE] == object_byte(i) && at[i * OS_PAGE + 1] == 1;
        }
        after(run, PAGES);
    }
    if (!kept)
        return WRONG(run, "what was written was seen in the object");
    return copied ? 0 : WRONG(run, "the copy of a page differed from the page");
}

static void teardown(struct run *run) {
    object_end(&state(run)->object);
}

WORKLOAD{
    .name = "page_fault_copy",
    .family = "memory",
    .what = "first write to a private file page (copy on write)",
    .per = PER_CALL,
    .ends = 1,
    .max_batch = 256,
    .before = before,
    .after = after,
    STEPS_AND_TEARDOWN,
};
