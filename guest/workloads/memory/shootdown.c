/* A page is written, made read-only and writable again while `others` threads of this address space read it without
 * pause, each on a CPU of its own: their translations have to be taken back before they could be used wrongly (TLB
 * shoot-down), by an interrupt to each of these CPUs and their answers. One operation is a write and two changes of
 * rights, of which one takes a right away. Against protect it shows what the other CPUs cost. */
#include "workloads/buffer.h"
#include "workloads/crowd.h"

struct state {
    struct crowd others;
    struct buffer page;
    volatile uint32_t astray; /* of them, that found no CPU */
};
STATE(struct state)

static void read_on(void *argument) {
    struct crowd_one *one = argument;
    struct state *own = state(one->run);
    if (crowd_spread(one) < 0)
        own->astray = 1;
    for (; !one->crowd->leave && !own->astray; one->turns++)
        buffer_touch(&own->page);
}

static long setup(struct run *run) {
    struct state *own = state(run);
    int64_t others = run_param(run, "others");
    if (others < 0 || others > CROWD_MOST)
        return REFUSE(run, "others", "0..64");
    own->page.size = OS_PAGE;
    long mapped = buffer_map(run, &own->page); /* first: a port without memory lacks more than a CPU */
    if (mapped < 0)
        return mapped;
    return others && os_cpus() <= others ? NEEDS_CPUS(run) : crowd_start(run, &own->others, (uint32_t)others, read_on);
}

static inline void op(struct run *run) {
    struct buffer *page = &state(run)->page;
    *(volatile char *)page->at = 1;
    EXPECT(run, (os_protect(page->at, page->size, 0) == 0) & (os_protect(page->at, page->size, 1) == 0));
}

/* All of them read while the rights change, and what is written then is what they read. */
static long verify(struct run *run) {
    struct state *own = state(run);
    uint64_t start = os_clock_ns();
    TRY(run, os_protect(own->page.at, own->page.size, 1));
    *(volatile char *)own->page.at = 0;
    op(run);
    for (uint32_t i = 0; i < own->others.started; i++)
        for (uint64_t before = own->others.one[i].turns; own->others.one[i].turns < before + 10;) {
            if (own->astray)
                return NEEDS_CPUS(run);
            if (os_clock_ns() - start > 10000000000u)
                return WRONG(run, "a thread on another CPU did not run");
            op(run);
        }
    return run->failed || *(volatile char *)own->page.at != 1 ? WRONG(run, "the page did not keep what was written")
                                                              : 0;
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
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
