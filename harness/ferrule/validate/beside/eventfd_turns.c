/* A bogo operation of stress-ng's eventfd stressor, as strace shows it: two processes pass a turn back and forth over
 * two event counters; the second also reads seven bytes, which is refused, and the first opens, reads and closes the
 * /proc file of a descriptor. Both are registered with the kernel like programs of a C library (lines.h). */
#include "workloads/library.h"
#include "workloads/peer.h"

enum { ROOM = 4096 };

struct state {
    struct os_process other;
    int there, back, started, entered;
    uint64_t self;
    char path[64];
};
STATE(struct state)
static char content[ROOM];

static inline int hand(int fd) {
    uint64_t one = 1;
    return library_write(fd, &one, sizeof one) == sizeof one;
}

static inline int await(int fd) {
    uint64_t count;
    return library_read(fd, &count, sizeof count) == sizeof count;
}

static inline int refused(int fd) {
    uint64_t count;
    return library_read(fd, &count, sizeof count - 1) < 0;
}

static void answer(void *argument) {
    struct run *run = argument;
    run_pin(run, 1);
    while (refused(state(run)->there) && await(state(run)->there) && hand(state(run)->back))
        ;
}

static long setup(struct run *run) {
    struct state *own = state(run);
    long fd;
    TRY(run, fd = os_eventfd(0));
    own->there = (int)fd;
    TRY(run, fd = os_eventfd(0));
    own->back = (int)fd;
    own->self = (uint64_t)call0(CALL_GETPID);
    TRY(run, os_library_enter());
    own->entered = 1;
    TRY(run, os_process_start(&own->other, answer, run));
    own->started = 1;
    return 0;
}

/* stress-ng formats the path each time. */
static const char *fdinfo_path(struct state *own) {
    text_copy(own->path, sizeof own->path, "/proc/");
    size_t length = text_length(own->path);
    length += text_u64(own->path + length, own->self);
    text_copy(own->path + length, sizeof own->path - length, "/fdinfo/");
    length = text_length(own->path);
    own->path[length + text_u64(own->path + length, (uint64_t)own->back)] = 0;
    return own->path;
}

static inline void op(struct run *run) {
    struct state *own = state(run);
    EXPECT(run, hand(own->there) && await(own->back));
    long fd = library_open(fdinfo_path(own), OS_READ);
    EXPECT(run, library_read((int)fd, content, sizeof content) > 0);
    EXPECT(run, library_close((int)fd) == 0);
}

static long verify(struct run *run) {
    op(run);
    return run->failed ? WRONG(run, "the turn did not come back, or /proc had no content") : 0;
}

static void teardown(struct run *run) {
    struct state *own = state(run);
    if (own->started)
        os_process_kill(&own->other);
    if (own->entered)
        os_library_leave();
    pipe_close_end(&own->there);
    pipe_close_end(&own->back);
}

WORKLOAD{
    .name = "eventfd_turns",
    .family = "beside",
    .what = "a round trip over event counters with what stress-ng does besides",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    STEPS_AND_TEARDOWN,
};
