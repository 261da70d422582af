/* A page is written, made read-only and writable again while `others` threads of this address space read it without
 * pause, each on a CPU of its own: their stale translations have to be invalidated (TLB shoot-down) by an interrupt to
 * each of these CPUs, which has to answer. One operation is a write and two changes of rights, of which one takes a
 * right away. Against protect it shows what the other CPUs cost. */
#include "workloads/buffer.h"
#include "workloads/crowd.h"

struct state {
    struct crowd others;
    struct buffer page;
    volatile uint32_t trying; /* the other threads have to try to write */
};
STATE(struct state)

static void read_on(void *argument) {
    struct crowd_one *one = argument;
    struct state *own = state(one->run);
    if (crowd_spread(one) < 0)
        one->crowd->no_cpu = 1;
    for (; !one->crowd->leave && !one->crowd->no_cpu; one->turns++) {
        buffer_touch(&own->page);
        if (own->trying)
            os_try_write(own->page.at);
    }
}

static long setup(struct run *run) {
    struct state *own = state(run);
    PARAMETER(run, others, 0, 64);
    own->page.size = OS_PAGE;
    PASS_ON(buffer_map(run, &own->page)); /* first: a port without mappings must report that, and not its CPUs */
    return others && os_cpus() <= others ? NEEDS_CPUS(run) : crowd_start(run, &own->others, (uint32_t)others, read_on);
}

static inline long let_write(struct buffer *page, int writable) {
    return os_protect(page->at, page->size, writable);
}

static inline void op(struct run *run) {
    struct buffer *page = &state(run)->page;
    *(volatile char *)page->at = 1;
    EXPECT(run, (let_write(page, 0) == 0) & (let_write(page, 1) == 0));
}

static void try_too(struct run *run) {
    os_try_write(state(run)->page.at);
}

/* All threads read while the rights change. Then, with the page read-only, they and this thread try to write: a write
 * from a CPU that kept its translation arrives and is seen. */
static long verify(struct run *run) {
    struct state *own = state(run);
    volatile char *byte = own->page.at;
    TRY(run, let_write(&own->page, 1));
    op(run);
    PASS_ON(crowd_wait_turns(run, &own->others, op));
    if (run->failed)
        return WRONG(run, "the page did not keep what was written");
    TRY(run, let_write(&own->page, 0));
    own->trying = 1;
    try_too(run);
    long tried = crowd_wait_turns(run, &own->others, try_too);
    own->trying = 0;
    long ended = crowd_wait_turns(run, &own->others, try_too); /* no thread is still writing */
    char kept = *byte;
    TRY(run, let_write(&own->page, 1));
    PASS_ON(tried ? tried : ended);
    return kept == 1 ? 0 : WRONG(run, "a page could be written to after it had been made read-only");
}

static void teardown(struct run *run) {
    crowd_end(&state(run)->others);
    buffer_unmap(&state(run)->page);
}

WORKLOAD{
    .name = "shootdown",
    .family = "memory",
    .what = "take a page's rights away from other CPUs (TLB shoot-down)",
    .per = PER_ITERATION,
    .ends = 1,
    .params = "others=1",
    STEPS_AND_TEARDOWN,
};
