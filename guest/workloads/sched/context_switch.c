/* A token goes round a ring of `procs` processes, each with `size` KiB of its own memory that it reads once after every
 * receipt. One operation is one HOP: a write, the switch, a read, the touch. The pipe's own cost is inside and stays
 * inside: subtracting another loop's (as lmbench's lat_ctx does) makes small rings come out negative or blank. For the
 * effect of the working set compare size=0 with size=S.
 * The token carries the number of hops still to make, so that a batch of n operations is n hops (when procs does not
 * divide n, its last holder sends it straight home: at most one hop too many). No `each` mode: no end sees a single
 * hop. */
#include "workloads/peer.h"

enum { MOST_PROCS = 32, LARGEST_KIB = 1024, LINE = 64 };
enum { CHECK, SUM }; /* words of the shared page: whether receipts are counted, and each process's number added up */

struct state {
    int ring[MOST_PROCS][2]; /* process i reads from ring[i]; 0 is ourselves */
    uint32_t procs, me, started;
    volatile char *set; /* working set of this process */
    size_t set_bytes;
};
STATE(struct state)

static struct os_process children[MOST_PROCS];

static long make_set(struct run *run) {
    void *at = NULL;
    struct state *own = state(run);
    if (own->set_bytes == 0)
        return 0;
    TRY(run, os_map(own->set_bytes, &at));
    own->set = at;
    for (size_t i = 0; i < own->set_bytes; i += LINE) /* written, or all its pages would be the one zero page */
        own->set[i] = 1;
    return 0;
}

/* One receipt and, unless the token is home with no hop left, one sending. Returns 0 then, 1 to go on, -1 at the end.
 */
static inline int hop(struct run *run) {
    struct state *own = state(run);
    uint64_t left;
    if (os_read(own->ring[own->me][0], &left, sizeof left) != sizeof left)
        return -1;
    for (size_t i = 0; i < own->set_bytes; i += LINE)
        (void)own->set[i];
    if (run->shared->word[CHECK])
        run->shared->word[SUM] += own->me + 1;
    if (left == 0 && own->me == 0)
        return 0;
    uint32_t to = left == 0 || own->me + 1 == own->procs ? 0 : own->me + 1;
    left -= left > 0;
    return os_write(own->ring[to][1], &left, sizeof left) == sizeof left ? 1 : -1;
}

static void loop(struct run *run, uint64_t n) {
    int result;
    uint64_t left = n - 1;
    EXPECT(run, os_write(state(run)->ring[1][1], &left, sizeof left) == sizeof left);
    do
        result = hop(run);
    while (result > 0);
    EXPECT(run, result == 0);
}

/* Keeps what this process receives from, what its successor does, and, unless it is home itself, what home does. */
static void close_others(struct state *own) {
    for (uint32_t i = 0; i < own->procs; i++) {
        if (i != own->me)
            pipe_close_end(&own->ring[i][0]);
        if (i != own->me + 1 && (i != 0 || own->me == 0))
            pipe_close_end(&own->ring[i][1]);
    }
}

static void member(void *argument) {
    struct run *run = argument;
    struct state *own = state(run);
    close_others(own);
    run_pin(run, own->me % 2); /* neighbours on different ends: where there are two cores, a hop crosses */
    if (make_set(run) < 0)
        return;
    while (hop(run) >= 0) {
    }
}

static long setup(struct run *run) {
    struct state *own = state(run);
    int64_t procs = run_param(run, "procs"), size = run_param(run, "size");
    if (procs < 2 || procs > MOST_PROCS)
        return REFUSE(run, "procs", "2..32");
    if (size < 0 || size > LARGEST_KIB)
        return REFUSE(run, "size", "0..1024 (KiB)");
    own->procs = (uint32_t)procs;
    own->set_bytes = (size_t)size * 1024;
    for (uint32_t i = 0; i < own->procs; i++)
        TRY(run, os_pipe(own->ring[i]));
    for (own->me = 1; own->me < own->procs; own->me++, own->started++)
        TRY(run, os_process_start(&children[own->me], member, run));
    own->me = 0;
    close_others(own);
    return make_set(run);
}

static long verify(struct run *run) {
    enum { ROUNDS = 3 };
    uint64_t procs = state(run)->procs, each_once = procs * (procs + 1) / 2;
    run->shared->word[CHECK] = 1;
    loop(run, ROUNDS * procs);
    run->shared->word[CHECK] = 0;
    if (run->failed)
        return WRONG(run, "the token did not come home");
    return run->shared->word[SUM] == ROUNDS * each_once ? 0 : WRONG(run, "not every process had the token every round");
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    for (uint32_t i = 0; i < own->procs; i++)
        pipe_close_end(&own->ring[i][0]), pipe_close_end(&own->ring[i][1]);
    for (uint32_t i = 1; i <= own->started; i++)
        os_process_join(&children[i]);
    if (own->set)
        os_unmap((void *)own->set, own->set_bytes);
}

WORKLOAD_ROW{
    .name = "context_switch",
    .family = "sched",
    .what = "one hop of a token round a ring of processes",
    .per = PER_ONE_WAY,
    .ends = 2,
    .switches = 1,
    .params = "procs=2 size=0",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    .loop = loop,
};
