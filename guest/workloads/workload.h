/* What a workload is, and the loop around its operation.
 *
 * A workload is one file in guest/workloads/<family>/<name>.c; the directory is the registry. It defines
 *
 *     static long setup(struct run *run)      0, or a negative errno (TRY does it): the workload is then unsupported
 *     static long verify(struct run *run)     proves once, before timing, that op does what its name says: 0, or
 *                                             WRONG(run, "what was seen"), or a negative errno
 *     static void teardown(struct run *run)   undoes setup, also after a setup that stopped half-way
 *     static inline void op(struct run *run)  the measured operation
 *
 * and ends with its declaration row:
 *
 *     WORKLOAD {
 *         .name = "null_call", .family = "syscall", .what = "getppid by a raw system call",
 *         .per = PER_CALL, .ends = 1, .verify = verify, LOOPS,
 *     };
 *
 * The harness reads the row as text too (registry.py), so keep it `.field = literal`; name and family are those of the
 * file and its folder.
 */
#ifndef FERRULE_WORKLOAD_H
#define FERRULE_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "core/counter.h"
#include "core/hist.h"
#include "core/plan.h"
#include "core/text.h"
#include "os/os.h"

/* What one operation is. "Pipe latency" means three different things in the field, so every number says which. */
enum per { PER_CALL, PER_ROUND_TRIP, PER_ONE_WAY, PER_ITERATION };

enum { RUN_WORDS = 64 };
#define CPU_UNKNOWN UINT32_MAX

struct run {
    const struct plan_run *asked; /* parameters, place */
    int32_t place;                /* enum plan_place in effect; set by the payload before setup */
    uint32_t cpu[2];              /* where each end is to run; run_pin() goes there */
    struct shared *shared;        /* seen by both ends, whatever separates them */
    struct shared *common;        /* seen by all members of a team (payload/team.h); without one, `shared` */
    int across;                   /* the members are in address spaces of their own */
    uint32_t team;                /* how many members; 0: no team was asked for */
    uint64_t failed;              /* operations that went wrong while timed: nonzero makes the run `failed` */
    uint64_t bytes;               /* payload bytes copied by one operation; setup may set it from a parameter */
    uint64_t switches;            /* context switches one operation needs; setup may set it, too */
    uint64_t asked_ns;            /* of every operation: the wait that was asked for, which is no part of its cost */
    uint64_t step;                /* every batch is a multiple of so many operations; setup may set it */
    int library;                  /* the parameter of that name: calls go through functions (library.h) */
    const char *operation;        /* on error: the operation that could not be done ("os_pipe") */
    const char *seen;             /* on a failed verify: what was seen */
    int64_t word[RUN_WORDS];      /* the workload's own state: STATE(struct ...) names it. All zero before setup */
};

/* One page that both ends see (a MAP_SHARED page on Linux). Zeroed before every setup. */
struct shared {
    volatile uint32_t cpu_of_second; /* where the second end really ran, written by it; CPU_UNKNOWN until then */
    struct {
        volatile uint32_t word __attribute__((aligned(256)));
    } futex[2]; /* one to wait on for each end, far enough apart for no prefetcher to couple them */
    volatile uint64_t word[16] __attribute__((aligned(256)));
};

struct workload {
    const char *name;
    const char *family;
    const char *what; /* one line for tables and `ferrule list` */
    enum per per;
    uint32_t ends;       /* parties whose placement matters: 1 or 2 */
    uint32_t control;    /* 1: runs in every process whether asked for or not */
    uint32_t hidden;     /* 1: only on request (canary), left out of suites' defaults */
    uint64_t bytes;      /* per operation, unless setup sets run->bytes; 0 for a message in registers: no copy */
    uint64_t switches;   /* per operation, unless setup sets run->switches */
    uint64_t max_batch;  /* largest batch (0: no limit), for operations that use something up */
    uint32_t alone;      /* 1: keeps memory outside of struct run, so that two in one address space would share it */
    uint32_t waits;      /* 1: a timer ends the operation, so core cycles do not describe it */
    const char *through; /* what its messages go through, if those of another workload do, too: "pipe" */
    const char *params;  /* names and defaults: "procs=2 size=0" */
    long (*setup)(struct run *);
    long (*verify)(struct run *);
    void (*before)(struct run *, uint64_t n); /* ahead of every batch of n operations, not timed */
    void (*after)(struct run *, uint64_t n);
    void (*teardown)(struct run *);
    void (*loop)(struct run *, uint64_t n);
    void (*each)(struct run *, uint64_t n, uint64_t cost, struct hist *);
};

/* Stops a setup or verify at the first operation that the OS refuses, and says which: "os_pipe", -38. */
#define TRY(run, call)                                                                                                 \
    do {                                                                                                               \
        long try_result = (call);                                                                                      \
        if (try_result < 0) {                                                                                          \
            (run)->operation = #call; /* printed up to its '(' */                                                      \
            return try_result;                                                                                         \
        }                                                                                                              \
    } while (0)

/* Stops a setup or verify where a function of a header has stopped; that function has set the reason. */
#define PASS_ON(call)                                                                                                  \
    do {                                                                                                               \
        long pass_result = (call);                                                                                     \
        if (pass_result)                                                                                               \
            return pass_result;                                                                                        \
    } while (0)

/* TRY for a call that returns a descriptor, which is put `into` an int. */
#define TRY_FD(run, into, call)                                                                                        \
    do {                                                                                                               \
        long try_fd;                                                                                                   \
        TRY(run, try_fd = call);                                                                                       \
        (into) = (int)try_fd;                                                                                          \
    } while (0)

/* Ends a verify: the operation was done but did something else than its name says. */
#define WRONG(run, what) ((run)->seen = (what), (long)RUN_WRONG)
enum { RUN_WRONG = 1 };

/* In an op: counts a call that did not return what it must, without a branch. */
#define EXPECT(run, condition) ((run)->failed += !(condition))

/* Stops a setup because of a parameter's value, and names the allowed ones. */
#define REFUSE(run, key, allowed) ((run)->operation = "parameter " key, (run)->seen = (allowed), -(long)OS_EINVAL)

/* Declares a variable with the value of the parameter of its name, or stops the setup where that is not in the range.
 */
#define PARAMETER(run, key, least, most)                                                                               \
    int64_t key = run_param(run, #key);                                                                                \
    if (key < (least) || key > (most))                                                                                 \
    return REFUSE(run, #key, #least ".." #most)

/* Ends a setup that would need more CPUs than there are, or than this plan may use: the kernel was not asked. */
#define NEEDS_CPUS(run) ((run)->operation = "scale", (run)->seen = "needs as many CPUs", -(long)RUN_REFUSED)
enum { RUN_REFUSED = 5002 }; /* beside OS_NOT_PORTED */

/* state(run) is the workload's own state, a struct kept in run->word, so that a copied process has it, too. */
#define STATE(type)                                                                                                    \
    static inline type *state(struct run *run) {                                                                       \
        _Static_assert(sizeof(type) <= sizeof run->word, "does not fit into run->word");                               \
        return (type *)(void *)run->word;                                                                              \
    }

/* The value of a parameter of the row's `params`, as asked or by default. */
int64_t run_param(const struct run *run, const char *key);
/* Pin the calling thread to where end 0 or 1 of this run belongs; end 1 also notes its CPU in run->shared. Where place
 * is free it does nothing: a thread that may move has no one CPU to note. Returns 0 or a negative errno. */
long run_pin(struct run *run, unsigned end);

/* Instantiates the loops around `op` at a 64-byte boundary each, so that alignment does not move a short loop's cost
 * from build to build, with op inlined; the empty asm keeps every turn and costs nothing. Then opens the row. */
#define WORKLOAD                                                                                                       \
    __attribute__((noinline, aligned(64))) static void workload_loop(struct run *run, uint64_t n) {                    \
        do {                                                                                                           \
            op(run);                                                                                                   \
            __asm__ volatile("" : "+r"(n)::"memory");                                                                  \
        } while (--n);                                                                                                 \
    }                                                                                                                  \
    __attribute__((noinline, aligned(64))) static void workload_each(struct run *run, uint64_t n, uint64_t cost,       \
                                                                     struct hist *hist) {                              \
        do {                                                                                                           \
            uint64_t open = counter_open();                                                                            \
            op(run);                                                                                                   \
            uint64_t ticks = counter_close() - open;                                                                   \
            hist_add(hist, ticks > cost ? ticks - cost : 0);                                                           \
        } while (--n);                                                                                                 \
    }                                                                                                                  \
    WORKLOAD_ROW

/* The row alone, for a workload with a `.loop` of its own (one whose operation is not one call of a function). It then
 * has no `.each` unless it brings that too. */
#define WORKLOAD_ROW                                                                                                   \
    static const struct workload workload_row;                                                                         \
    __attribute__((used, section("workloads"))) static const struct workload *const workload_entry = &workload_row;    \
    static const struct workload workload_row =

#define LOOPS .loop = workload_loop, .each = workload_each
/* The functions by their usual names: for a workload without a teardown, and for one with it. */
#define STEPS              .setup = setup, .verify = verify, LOOPS
#define STEPS_AND_TEARDOWN .teardown = teardown, STEPS

#endif
