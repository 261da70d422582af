/* What the payload's files know of each other. payload.c reads the plan and walks it, run.c does one run, say.c puts
 * everything into records. */
#ifndef FERRULE_PAYLOAD_H
#define FERRULE_PAYLOAD_H

#include "core/record.h"
#include "core/timing.h"
#include "workloads/workload.h"

enum { PAYLOAD_BATCHES = 4096 }; /* of one run, warm-up included */
enum { REF_ROUNDS = 15 };

struct payload {
    struct plan plan;
    struct timing timing;
    struct record record;
    struct shared *shared;
    uint32_t plan_crc; /* of the text patched into .plan */
};

enum status { STATUS_OK, STATUS_UNSUPPORTED, STATUS_WRONG, STATUS_FAILED };

/* What a run gave. Filled while nothing is written, said when all is over. */
struct outcome {
    enum status status;
    const char *operation; /* status other than ok: what could not be done, up to its '(' */
    long error;            /* errno; 0: not an OS's refusal */
    const char *seen;
    uint64_t failed; /* operations that went wrong */
    int prepared;    /* setup and verify went well: there is something to say in `ready` */
    uint64_t n;
    uint64_t ran;     /* operations that a batch really ran: not n where a slowdown was injected */
    uint32_t batches; /* taken, warm-up included */
    uint32_t warm;    /* the first ones of them */
    int switches_known;
    uint64_t voluntary, involuntary;
    uint64_t ticks[PAYLOAD_BATCHES];
    uint64_t pace[PAYLOAD_BATCHES + 1]; /* timing_pace() before each batch and after the last */
    long cpu[2][PAYLOAD_BATCHES];       /* of each end; negative: not known */
    struct hist hist;
};

/* --- the registry: pointers that the linker collected from every workload file */
extern const struct workload *const __start_workloads[];
extern const struct workload *const __stop_workloads[];
#define EACH_WORKLOAD(row) (const struct workload *const *row = __start_workloads; row < __stop_workloads; row++)
const struct workload *workload_find(const char *name);
/* Walks "name=default ..." texts: returns 0 at the end, else advances *text and fills key and value. */
int param_next(const char **text, char key[PLAN_NAME], int64_t *value);

/* --- run.c */
/* Pins to the home of end 0 where the plan wants pinning. 0, or a negative errno (-OS_ENOSYS: this OS cannot). */
long go_home(const struct plan *plan);
/* n operations between two readings of the counter. */
uint64_t timed_batch(const struct workload *workload, struct run *run, uint64_t n);
void run_one(struct payload *payload, const struct workload *workload, struct run *run, struct outcome *outcome);

/* --- say.c */
void say_hello(struct payload *payload);
void say_facts(struct payload *payload);
void say_clock(struct payload *payload);
void say_mark(struct payload *payload);
void say_refs(struct payload *payload);
void say_begin(struct payload *payload, uint32_t index, uint32_t position, const struct plan_run *asked);
void say_outcome(struct payload *payload, uint32_t index, const struct workload *workload, const struct run *run,
                 const struct outcome *outcome);
void say_workload(struct payload *payload, const struct workload *workload);
void say_log(struct payload *payload, const char *text);
void say_done(struct payload *payload, uint32_t runs, uint32_t ok);

/* --- build_id.c: the linker's build-id as hex, "" when there is none */
enum { BUILD_ID_TEXT = 65 };
void build_id(char text[BUILD_ID_TEXT]);

#endif
