/* For tests: cases that no workload has and a kernel must still handle. A step that fails reports what it saw. */
#include "workloads/workload.h"

enum { EBADF = 9, ECHILD = 10, EAGAIN = 11, ENOMEM = 12, EFAULT = 14, EPIPE = 32, PAGE_FAULT = 128 + 14 };
enum { MANY = 3 * 4096 + 5, KILLED = 128 + 9 };

struct state {
    int end[2];
};
STATE(struct state)

static char there[MANY], back[MANY];
static volatile uint32_t word;

static void fault(void *argument) {
    *(volatile char *)argument = 1;
}

static void sleep_for_ever(void *argument) {
    (void)argument;
    os_wait(&word, 0, 0, 0);
}

static void write_many(void *argument) {
    struct run *run = argument;
    os_close(state(run)->end[0]);
    os_write(state(run)->end[1], there, sizeof there);
}

static long ends_of(long started, struct os_process *process) {
    return started < 0 ? started : os_process_join(process);
}

static long memory(struct run *run) {
    struct os_process child;
    void *at = NULL;
    TRY(run, os_map(8192, &at));
    char *byte = at;
    byte[0] = 7;
    if (ends_of(os_process_start(&child, fault, byte), &child) != 0 || byte[0] != 7)
        return WRONG(run, "a child's write reached its parent");
    TRY(run, os_unmap(at, 8192));
    if (ends_of(os_process_start(&child, fault, byte), &child) != PAGE_FAULT)
        return WRONG(run, "what was unmapped could be written");
    if (os_map((size_t)1 << 40, &at) >= 0 || os_map((size_t)120 << 20, &at) < 0 || os_unmap(at, (size_t)120 << 20) < 0)
        return WRONG(run, "too much could be mapped, or not enough");
    return os_unmap((void *)(uintptr_t)OS_PAGE, OS_PAGE) < 0 ? 0 : WRONG(run, "what is not ours could be unmapped");
}

static long pipes(struct run *run) {
    struct os_process child;
    struct state *own = state(run);
    size_t got = 0;
    TRY(run, os_pipe(own->end));
    for (size_t i = 0; i < sizeof there; i++)
        there[i] = (char)(i * 31);
    TRY(run, os_process_start(&child, write_many, run));
    os_close(own->end[1]);
    for (long part; (part = os_read(own->end[0], back + got, got ? sizeof back - got : 10)) > 0;)
        got += (size_t)part;
    if (got != sizeof there || memcmp(there, back, got) != 0 || os_process_join(&child) != 0)
        return WRONG(run, "a long write did not arrive whole");
    TRY(run, os_close(own->end[0]));
    if (os_close(own->end[0]) != -EBADF || os_pipe((int *)(uintptr_t)run->failed) != -EFAULT)
        return WRONG(run, "a closed end could be closed, or a bad pointer was written");
    TRY(run, os_pipe(own->end));
    os_close(own->end[0]);
    long broken = os_write(own->end[1], "", 1);
    os_close(own->end[1]);
    return broken == -EPIPE ? 0 : WRONG(run, "a pipe without a reader took a byte");
}

static long verify(struct run *run) {
    struct os_process child;
    long wrong = memory(run);
    wrong = wrong ? wrong : pipes(run);
    if (wrong)
        return wrong;
    uint64_t before = os_clock_ns();
    if (os_wait(&word, 1, 0, 0) != -EAGAIN || os_wait(&word, 0, 1000000, 0) != -OS_ETIMEDOUT)
        return WRONG(run, "a wait was not refused or did not time out");
    if (os_clock_ns() - before < 1000000 || os_wake(&word, 1, 0) != 0)
        return WRONG(run, "a wait timed out too early, or is still waited for");
    TRY(run, os_process_start(&child, sleep_for_ever, NULL));
    TRY(run, os_sleep(1000000));
    if (os_process_kill(&child) != KILLED || os_process_join(&child) != -ECHILD)
        return WRONG(run, "a sleeping child could not be killed, or was joined twice");
    return 0;
}

static inline void op(struct run *run) {
    (void)run;
}

WORKLOAD{
    .name = "corners",
    .family = "floor",
    .what = "what no workload does",
    .per = PER_CALL,
    .ends = 1,
    .hidden = 1,
    .verify = verify,
    LOOPS,
};
