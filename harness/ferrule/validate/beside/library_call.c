/* System calls whose own workloads have no parameter `library`, through functions as in a C library: call=0 wakes a
 * futex without waiters, 1 waits on a futex that has another value, 2 yields, 3 stats a file by its path, 4 creates and
 * removes a file, 5 installs a signal handler and gets the previous one, 6 sends itself a signal as raise(3) does, 7 as
 * kill(2) does; 6 and 7 in a thread registered with rseq(2), as those of a C library are. The futex calls go through
 * the function syscall(2), which moves all arguments by one register. */
#include "workloads/library.h"
#include "workloads/scratch.h"

enum { WAKE, WAIT, YIELD, STATUS, MAKE, INSTALL, RAISE, SEND, CALLS };
enum { FUTEX_WAKE_PRIVATE = 129, FUTEX_WAIT_PRIVATE = 128, SIGNAL = 10 };
enum { CALL_GETTID = 186, CALL_TGKILL = 234 }; /* x86-64's */

struct state {
    struct scratch scratch;
    volatile uint32_t word;
    int64_t call;
    int installed, entered;
};
STATE(struct state)
static volatile uint64_t handled;

static void handler(int number) {
    (void)number;
    handled++;
}

LIBRARY_FUNCTION(yield, (void), ())

__attribute__((noinline, aligned(64))) static long library_syscall(long number, long a, long b, long c, long d, long e,
                                                                   long f) {
    return call6(number, a, b, c, d, e, f);
}

static long setup(struct run *run) {
    state(run)->call = run_param(run, "call");
    if (state(run)->call < 0 || state(run)->call >= CALLS)
        return REFUSE(run, "call", "0..7");
    if (state(run)->call >= INSTALL) {
        TRY(run, os_signal_install(handler));
        state(run)->installed = 1;
    }
    if (state(run)->call >= RAISE) {
        TRY(run, os_library_enter());
        state(run)->entered = 1;
    }
    return scratch_make(run, &state(run)->scratch, "ferrule", 7);
}

static inline long futex(struct state *own, long op) {
    return library_syscall(CALL_FUTEX, (long)&own->word, op, 1, 0, 0, 0);
}

/* The handler is copied from one struct to another and back, because the library's struct is not the kernel's. */
__attribute__((noinline, aligned(64))) static long library_action(const uint64_t from[4], uint64_t before[4]) {
    uint64_t action[4], old[4];
    for (unsigned i = 0; i < 4; i++)
        action[i] = ((volatile const uint64_t *)from)[i];
    long result = call4(CALL_SIGACTION, SIGNAL, (long)action, (long)old, sizeof *old);
    for (unsigned i = 0; i < 4; i++)
        ((volatile uint64_t *)before)[i] = old[i];
    return result;
}

static int installed(void) {
    uint64_t action[4] = {(uintptr_t)handler, 0x04000000, (uintptr_t)linux_signal_return, 0}, before[4];
    return library_action(action, before) == 0 && before[0] == action[0];
}

static int raised(void) {
    uint64_t before = handled;
    long me = library_syscall(CALL_GETTID, 0, 0, 0, 0, 0, 0), pid = library_syscall(CALL_GETPID, 0, 0, 0, 0, 0, 0);
    return (library_syscall(CALL_TGKILL, pid, me, SIGNAL, 0, 0, 0) == 0) & (handled == before + 1);
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
    case INSTALL:
        return installed();
    case SEND: {
        uint64_t before = handled;
        return (library_signal_send(os_signal_address()) >= 0) & (handled == before + 1);
    }
    case RAISE:
        return raised();
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
    if (state(run)->installed)
        os_signal_install(NULL);
    if (state(run)->entered)
        os_library_leave();
    scratch_end(&state(run)->scratch);
}

WORKLOAD{
    .name = "library_call",
    .family = "beside",
    .what = "a system call through a C library's function",
    .per = PER_CALL,
    .ends = 1,
    .params = "call=0",
    STEPS_AND_TEARDOWN,
};
