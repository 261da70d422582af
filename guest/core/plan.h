/* The plan: what this payload is to run. Text, one item per line, patched by the host into the `.plan` section of the
 * finished ELF (or given as arguments or on standard input where the OS has them: later text overrides earlier).
 *
 *     key=value              a setting (see struct plan; unknown keys are an error)
 *     w NAME [key=value]...  one run of a workload; reserved keys are `place`, `n`, `more` and `spin`, all others
 *                            are its parameters
 *     # ...                  a comment
 *
 * The section holds PLAN_CAPACITY bytes, NUL-padded; it starts with PLAN_MAGIC until the host overwrites it. */
#ifndef FERRULE_PLAN_H
#define FERRULE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#define PLAN_MAGIC "ferrule-plan-unpatched"

/* [cffi */
enum { PLAN_CAPACITY = 16384, PLAN_RUNS = 320, PLAN_PARAMS = 6, PLAN_CPUS = 8, PLAN_NAME = 32, PLAN_MORE = 1000 };
enum { PLAN_SPIN = 1 << 24 };

enum plan_place { PLACE_SAME_CORE = 0, PLACE_CROSS_CORE = 1, PLACE_FREE = 2 };
enum plan_verify { VERIFY_FIRST = 0, VERIFY_ONLY = 1 };

struct plan_param {
    char key[PLAN_NAME];
    int64_t value;
};

struct plan_run {
    char workload[PLAN_NAME];
    struct plan_param param[PLAN_PARAMS];
    uint32_t params;
    int32_t place;  /* enum plan_place */
    uint64_t batch; /* n=: frozen batch size; 0: calibrate */
    uint32_t more;  /* more=: per mille of operations run on top of the reported ones: an injected slowdown */
    uint32_t spin;  /* spin=: multiplications timed before a batch's operations: an injected slowdown, of any size */
};

struct plan {
    char run[20];             /* run=     token of the record stream; "0" when not given */
    uint64_t seed;            /* seed=    order of the runs in each process */
    uint32_t boot;            /* boot= */
    uint32_t process;         /* process= */
    uint32_t processes;       /* processes=  how many processes the guest is to start (read by the guest's init) */
    uint32_t batches;         /* batches=    measured batches per run, without warm-up */
    uint32_t control_batches; /* control_batches=  the same for a control; 0: as many as batches */
    uint32_t warm;            /* warm=       warm-up batches before them; sent, but not used by the host */
    uint32_t each;            /* each=       operations timed one by one into the histogram; 0: none */
    uint64_t target_ns;       /* target_ns=  target length of a batch */
    uint64_t limit_ns;        /* limit_ns=   a run takes no more batches after this, and reports how many it took */
    int32_t verify;           /* verify=first|only */
    int32_t pin;              /* pin=0|1 */
    int32_t apart;            /* apart=0|1  each run in a copy of this process, where the OS can fork */
    uint32_t cpu[PLAN_CPUS];  /* cpus=A,B   first: the CPU of end 0; second: the CPU of end 1 when cross_core */
    uint32_t cpus;
    uint32_t runs;
    struct plan_run run_list[PLAN_RUNS];
};

void plan_default(struct plan *plan);
/* Apply `length` bytes of text (a NUL ends it earlier). Returns 0, or the number of the first bad line, counted
 * from 1, with the reason in *why (a static string). A text with run lines replaces the runs of earlier texts. */
int32_t plan_parse(struct plan *plan, const char *text, size_t length, const char **why);
/* Fisher-Yates order of `count` runs drawn from SplitMix64 seeded with (seed, boot, process); see plan.c. */
void plan_order(uint64_t seed, uint32_t boot, uint32_t process, uint32_t count, uint32_t *order);
/* cffi] */

#endif
