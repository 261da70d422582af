/* The first write to a page after a fork, while the child lives: the page is shared by both and has to be copied. For
 * each batch pages are written, the process is copied, and the copy sleeps until the batch is over; all of that is
 * outside the timed part. */
#include "workloads/fault.h"
#include "workloads/wire.h"

struct state {
    struct fault fault;
    struct wire wire; /* the child reads one word from it and leaves */
    struct os_process child;
    int started;
};
STATE(struct state)

static void stay(void *argument) {
    wire_take(state(argument)->wire.end[0]);
}

static void before(struct run *run, uint64_t n) {
    struct state *own = state(run);
    fault_begin(run, &own->fault, os_map(n * OS_PAGE, &own->fault.map));
    for (size_t i = 0; i < n && own->fault.map; i++)
        own->fault.next[i * OS_PAGE] = 1;
    own->started = os_process_start(&own->child, stay, run) >= 0;
    EXPECT(run, own->started);
}

static void after(struct run *run, uint64_t n) {
    struct state *own = state(run);
    if (own->started)
        EXPECT(run, wire_put(own->wire.end[1], 1) && os_process_join(&own->child) == 0);
    own->started = 0;
    fault_end(&own->fault, n * OS_PAGE);
}

static long setup(struct run *run) {
    struct state *own = state(run);
    TRY(run, os_wire(own->wire.end));
    TRY(run, os_process_start(&own->child, stay, run)); /* a refusal then names the call */
    wire_put(own->wire.end[1], 1);
    TRY(run, os_process_join(&own->child));
    return fault_settle(run);
}

static inline void op(struct run *run) {
    *state(run)->fault.next = 2;
    state(run)->fault.next += OS_PAGE;
}

static void look(void *argument) {
    struct run *run = argument;
    stay(run);
    run->shared->word[0] &= *(volatile char *)state(run)->fault.map == 1;
}

/* The child must still see the old value. */
static long verify(struct run *run) {
    struct fault *fault = &state(run)->fault;
    fault_begin(run, fault, os_map(OS_PAGE, &fault->map));
    if (fault->next)
        *fault->next = 1;
    TRY(run, os_process_start(&state(run)->child, look, run));
    state(run)->started = 1;
    op(run);
    run->shared->word[0] = *(volatile char *)fault->map == 2; /* the child clears it if it sees another value than 1 */
    after(run, 1);
    return run->shared->word[0] ? 0 : WRONG(run, "a write was seen on the other side of the fork");
}

static void teardown(struct run *run) {
    wire_end(&state(run)->wire);
}

WORKLOAD{
    .name = "page_fault_fork",
    .family = "memory",
    .what = "first write to a page after a fork",
    .per = PER_CALL,
    .ends = 1,
    .max_batch = 256,
    .before = before,
    .after = after,
    STEPS_AND_TEARDOWN,
};
