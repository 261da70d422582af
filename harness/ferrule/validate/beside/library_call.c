/* System calls whose own workloads have no `library`, through functions as a C library's: call=0 wakes nobody on a
 * futex, 1 waits on one for another value, 2 yields, 3 asks for the status of a file by its path, 4 makes and removes a
 * file. The futex goes through syscall(2)'s function, which moves all arguments by a register. */
#include "workloads/library.h"
#include "workloads/scratch.h"

enum { WAKE, WAIT, YIELD, STATUS, MAKE, CALLS };
enum { FUTEX_WAKE_PRIVATE = 129, FUTEX_WAIT_PRIVATE = 128 };

struct state {
    struct scratch scratch;
    volatile uint32_t word;
    int64_t call;
};
STATE(struct state)

LIBRARY_FUNCTION(yield, (void), ())

__attribute__((noinline, aligned(64))) static long library_syscall(long number, long a, long b, long c, long d, long e,
                                                                   long f) {
    return call6(number, a, b, c, d, e, f);
}

static long setup(struct run *run) {
    state(run)->call = run_param(run, "call");
    if (state(run)->call < 0 || state(run)->call >= CALLS)
        return REFUSE(run, "call", "0..4");
    return scratch_make(run, &state(run)->scratch, "ferrule", 7);
}

static inline long futex(struct state *own, long op) {
    return library_syscall(CALL_FUTEX, (long)&own->word, op, 1, 0, 0, 0);
}

static inline int made(struct state *own) {
    switch (own->call) {
    case WAKE:
        return futex(own, FUTEX_WAKE_PRIVATE) == 0;
    case WAIT:
        return futex(own, FUTEX_WAIT_PRIVATE) == -OS_EAGAIN;
    case YIELD:
        return library_yield() == 0;
    case STATUS:
        return library_status_of_path(own->scratch.path) == 7;
    default: {
        long removed = library_remove(own->scratch.path);
        long fd = library_open(own->scratch.path, OS_READ | OS_WRITE | OS_CREATE);
        return (removed == 0) & (library_close((int)fd) == 0);
    }
    }
}

static inline void op(struct run *run) {
    EXPECT(run, made(state(run)));
}

static long verify(struct run *run) {
    return made(state(run)) ? 0 : WRONG(run, "the call gave another answer than it must");
}

static void teardown(struct run *run) {
    scratch_end(&state(run)->scratch);
}

WORKLOAD{
    .name = "library_call",
    .family = "beside",
    .what = "a system call through a C library's function",
    .per = PER_CALL,
    .ends = 1,
    .params = "call=0",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
