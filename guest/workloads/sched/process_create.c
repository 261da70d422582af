/* A process is started as a copy of this one, ends at once, and is waited for: fork, exit, wait; no program is loaded.
 * With dirty=0 the copy is of a small process (some hundred KiB touched): the price of an address space. `dirty` bytes
 * more are written before: their pages are shared by the copy, which is the price per page of a large one. The child
 * inherits its parent's one core, where the parent sleeps meanwhile. */
#include "workloads/buffer.h"

enum { RAN, SEEN }; /* words of the shared page */
enum { LARGEST = 256 << 20 };

struct state {
    volatile uint64_t own_copy;
    struct buffer dirty;
};
STATE(struct state)

static void body(void *argument) {
    (void)argument;
}

static void witness(void *argument) {
    struct run *run = argument;
    state(run)->own_copy++;
    run->shared->word[SEEN] = buffer_sum(&state(run)->dirty, state(run)->dirty.size);
    run->shared->word[RAN]++;
}

static long setup(struct run *run) {
    int64_t dirty = run_param(run, "dirty");
    if (dirty < 0 || dirty > LARGEST)
        return REFUSE(run, "dirty", "0..268435456");
    state(run)->dirty.size = (size_t)dirty;
    return buffer_map(run, &state(run)->dirty);
}

static inline void op(struct run *run) {
    struct os_process process;
    long started = os_process_start(&process, body, run);
    EXPECT(run, (started >= 0) && (os_process_join(&process) == 0));
}

static long verify(struct run *run) {
    const struct buffer *dirty = &state(run)->dirty;
    struct os_process process;
    long status;
    TRY(run, os_process_start(&process, witness, run));
    TRY(run, status = os_process_join(&process));
    if (status != 0 || run->shared->word[RAN] != 1)
        return WRONG(run, "the child did not run to its end");
    if (run->shared->word[SEEN] != buffer_sum(dirty, dirty->size))
        return WRONG(run, "the child did not have what was in our memory");
    return state(run)->own_copy == 0 ? 0 : WRONG(run, "the child wrote into our memory: that was no process");
}

static void teardown(struct run *run) {
    buffer_unmap(&state(run)->dirty);
}

WORKLOAD{
    .name = "process_create",
    .family = "sched",
    .what = "start, end and wait for a process (fork, exit, wait)",
    .per = PER_CALL,
    .ends = 1,
    .switches = 2,
    .params = "dirty=0",
    STEPS_AND_TEARDOWN,
};
