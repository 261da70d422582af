/* A token goes round a ring of `procs` processes, each with `size` KiB of its own memory that it reads once after every
 * receipt. One operation is one HOP: a write, the switch, a read, the touch. The pipe's own cost is included and not
 * subtracted: subtracting another loop's (as lmbench's lat_ctx does) makes the numbers of small rings negative or
 * blank. For the effect of the working set compare size=0 with size=S. The token carries the number of hops still to
 * make; a batch is whole rounds, so it ends at process 0, and every process has had the same number of turns. No `each`
 * mode: no process sees a single hop. */
#include "workloads/buffer.h"
#include "workloads/ring.h"

enum { LARGEST_KIB = 1024 };
enum { CHECK, SUM }; /* words of the shared page: whether receipts are counted, and each process's number added up */

struct state {
    struct ring ring;
    struct buffer set; /* working set of this process */
};
STATE(struct state)

/* Receives the token and, unless no hop is left (it is then at process 0), sends it on. Returns 0 when the ring has
 * ended. */
static inline int hop(struct run *run, uint64_t *left) {
    struct state *own = state(run);
    if (!ring_receive(&own->ring, left))
        return 0;
    buffer_touch(&own->set);
    if (run->shared->word[CHECK])
        run->shared->word[SUM] += own->ring.me + 1;
    return *left == 0 || ring_send(&own->ring, *left - 1);
}

static void loop(struct run *run, uint64_t n) {
    uint64_t left = n;
    int whole = ring_send(&state(run)->ring, n - 1);
    while (whole && left > 0)
        whole = hop(run, &left);
    EXPECT(run, whole);
}

static void member(void *argument) {
    struct run *run = argument;
    uint64_t left;
    ring_enter(run, &state(run)->ring);
    if (buffer_map(run, &state(run)->set) < 0)
        return;
    while (hop(run, &left)) {
    }
}

static long setup(struct run *run) {
    int64_t procs = run_param(run, "procs"), size = run_param(run, "size");
    if (procs < 2 || procs > RING_MOST)
        return REFUSE(run, "procs", "2..32");
    if (size < 0 || size > LARGEST_KIB)
        return REFUSE(run, "size", "0..1024 (KiB)");
    run->step = (uint64_t)procs;
    state(run)->set.size = (size_t)size * 1024;
    long started = ring_start(run, &state(run)->ring, (uint32_t)procs, member);
    return started < 0 ? started : buffer_map(run, &state(run)->set);
}

static long verify(struct run *run) {
    enum { ROUNDS = 3 };
    uint64_t procs = state(run)->ring.procs, each_once = procs * (procs + 1) / 2;
    run->shared->word[CHECK] = 1;
    loop(run, ROUNDS * procs);
    run->shared->word[CHECK] = 0;
    if (run->failed)
        return WRONG(run, "the token did not come back");
    return run->shared->word[SUM] == ROUNDS * each_once ? 0 : WRONG(run, "not every process had the token every round");
}

static void teardown(struct run *run) {
    ring_end(&state(run)->ring);
    buffer_unmap(&state(run)->set);
}

WORKLOAD_ROW{
    .name = "context_switch",
    .family = "sched",
    .what = "one hop of a token round a ring of processes",
    .per = PER_ONE_WAY,
    .ends = 2,
    .bytes = 8, /* the token */
    .through = "pipe",
    .switches = 1,
    .params = "procs=2 size=0",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    .loop = loop,
};
