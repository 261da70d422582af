/* The payload: reads its plan, runs the workloads in shuffled order, reports the results. Independent of the OS.
 *
 * The plan comes from the `.plan` section, where the host patched it into the finished program, then from the
 * arguments: each is plan text; `-` reads more from standard input; `--list` lists the workloads. Exit status: 0, or 2
 * when the plan is bad, 3 when the port does not support this kernel (nothing was run). */
#include "payload/prepare.h"
#include "payload/registry.h"
#include "payload/run.h"
#include "payload/say.h"
#include "payload/team.h"

__attribute__((used, section(".plan"))) static const volatile char plan_section[PLAN_CAPACITY] = PLAN_MAGIC;

enum { EXIT_OK = 0, EXIT_USAGE = 2, EXIT_INFRASTRUCTURE = 3 };

static struct payload payload;

static struct run run; /* private: other ends that are copies of this process have their own */

/* A finished run and its outcome. Where copies of this process make the runs, this is in memory that they share with
 * it. */
static struct visit {
    struct run run;
    struct outcome outcome;
} own, *visit = &own;

/* The reason why the plan is bad, composed of pieces. */
static char complaint[256];

static int complain(const char *const *pieces) {
    size_t used = 0;
    for (; *pieces; pieces++) {
        text_copy(complaint + used, sizeof complaint - used, *pieces);
        used += text_length(complaint + used);
    }
    return 0;
}
#define COMPLAIN(...) complain((const char *const[]){__VA_ARGS__, NULL})

static int apply(const char *text, size_t length, const char *where) {
    const char *why = "";
    char line[24] = {0};
    int32_t bad = plan_parse(&payload.plan, text, length, &why);
    if (!bad)
        return 1;
    text_u64(line, (uint64_t)bad);
    return COMPLAIN("bad plan, ", where, ", line ", line, ": ", why);
}

/* The section is volatile so that no compiler folds the unpatched text into the code; it is copied out byte by byte. */
static int apply_section(void) {
    static char text[PLAN_CAPACITY];
    size_t length = 0;
    for (size_t i = 0; i < PLAN_CAPACITY; i++)
        text[i] = plan_section[i];
    while (length < PLAN_CAPACITY && text[length])
        length++;
    if (length == sizeof PLAN_MAGIC - 1 && memcmp(text, PLAN_MAGIC, length) == 0)
        return 1;
    payload.plan_crc = crc32_of(text, length);
    return apply(text, length, "the patched section");
}

static int apply_input(void) {
    static char text[PLAN_CAPACITY + 1];
    size_t length = 0;
    for (long got = 1; got > 0 && length < sizeof text; length += (size_t)got) {
        got = os_read(0, text + length, sizeof text - length);
        if (got < 0)
            return COMPLAIN("standard input cannot be read");
    }
    if (length > PLAN_CAPACITY)
        return COMPLAIN("bad plan, standard input: longer than a plan can be");
    return apply(text, length, "standard input");
}

static int read_plan(int argc, char **argv, int *list) {
    plan_default(&payload.plan);
    int good = apply_section();
    for (int i = 1; i < argc && good; i++) {
        if (text_equal(argv[i], "--list"))
            *list = 1;
        else if (text_equal(argv[i], "-"))
            good = apply_input();
        else if (text_starts(argv[i], "-"))
            good = COMPLAIN("unknown option ", argv[i], ": there are --list, - (plan on standard input) and plan text");
        else
            good = apply(argv[i], text_length(argv[i]), "argument");
    }
    return good;
}

/* Checks what plan_parse() cannot know: which workloads and parameters this payload has. */
static int check_plan(const struct plan *plan) {
    for (uint32_t i = 0; i < plan->runs; i++) {
        const struct plan_run *asked = &plan->run_list[i];
        const struct workload *workload = workload_find(asked->workload);
        if (!workload)
            return COMPLAIN("bad plan: no workload is called ", asked->workload, "; --list says which there are");
        for (uint32_t k = 0; k < asked->params; k++)
            if (!has_param(workload, asked->param[k].key) && !team_param(asked->param[k].key))
                return COMPLAIN("bad plan: ", asked->workload, " has no parameter ", asked->param[k].key,
                                "; --list says which it has");
    }
    if (plan->batches > PAYLOAD_BATCHES || plan->warm > PAYLOAD_BATCHES - plan->batches)
        return COMPLAIN("bad plan: batches= and warm= together are over 4096");
    if (plan->control_batches > plan->batches)
        return COMPLAIN("bad plan: control_batches= is over batches=");
    return 1;
}

/* The controls make the numbers of different processes comparable: they always run, requested or not. */
static void add_controls(struct plan *plan) {
    for
        EACH_WORKLOAD(row) {
            int asked = !(*row)->control || plan->runs == PLAN_RUNS;
            for (uint32_t i = 0; i < plan->runs && !asked; i++)
                asked = text_equal(plan->run_list[i].workload, (*row)->name);
            if (!asked) {
                struct plan_run *added = &plan->run_list[plan->runs++];
                memset(added, 0, sizeof *added);
                text_copy(added->workload, sizeof added->workload, (*row)->name);
            }
        }
}

static void share_a_page(void) {
    static struct shared not_shared; /* enough for threads; workloads with processes detect it in their verify */
    void *at = NULL;
    payload.shared = os_map_shared(sizeof(struct shared), &at) < 0 ? &not_shared : at;
    if (OS_FORKS && payload.plan.apart && os_map_shared(sizeof(struct visit), &at) >= 0)
        visit = at;
}

static uint64_t clock_ns(void *context) {
    (void)context;
    return os_clock_ns();
}

static void make_visit(void *workload) {
    run_one(&payload, workload, &run, &visit->outcome);
    visit->run = run;
}

/* Runs in a copy of this process where the plan asks for it: the copy has its own kernel stack, page tables and other
 * kernel memory. Their placement affects cost by chance; with a new copy for each visit, that chance is not the same
 * for all visits of a process. A copy that dies ends this process too, like any failing run. */
static void run_visit(const struct plan *plan, const struct workload *workload) {
    struct os_process copy;
    if (!plan->apart || visit == &own || os_process_start(&copy, make_visit, (void *)workload) < 0) {
        make_visit((void *)workload);
        return;
    }
    long status = os_process_join(&copy);
    if (status)
        os_exit(status < 0 ? EXIT_INFRASTRUCTURE : (int)status);
}

static void run_all(const struct plan *plan) {
    static uint32_t order[PLAN_RUNS];
    uint32_t ok = 0;
    plan_order(plan->seed, plan->boot, plan->process, plan->runs, order);
    for (uint32_t position = 0; position < plan->runs; position++) {
        uint32_t index = order[position];
        const struct plan_run *asked = &plan->run_list[index];
        const struct workload *workload = workload_find(asked->workload);
        run.asked = asked;
        say_begin(&payload, index, position, asked);
        run_visit(plan, workload);
        say_outcome(&payload, index, workload, &visit->run, &visit->outcome);
        say_mark(&payload);
        ok += visit->outcome.status == STATUS_OK;
    }
    say_done(&payload, plan->runs, ok);
}

static void sink(void *context, const char *bytes, size_t length) {
    (void)context;
    os_output(bytes, length);
}

/* Reports the reason in the stream, for the harness, and outside it, for someone who started the payload by hand. */
static int refuse(const char *why, int status) {
    say_log(&payload, why);
    os_complain(why);
    os_complain("\n");
    return status;
}

int program_main(int argc, char **argv) {
    payload.begun = counter_open();
    if (argc == 2 && text_equal(argv[1], OS_LEAVE)) /* started by os_process_execute() */
        return OS_EXECUTED;
    int list = 0;
    int good = read_plan(argc, argv, &list) && check_plan(&payload.plan);
    if (good && !list)
        add_controls(&payload.plan);
    record_init(&payload.record, sink, NULL, payload.plan.run, payload.plan.process);
    say_hello(&payload);
    if (os_refusal())
        return refuse(os_refusal(), EXIT_INFRASTRUCTURE);
    if (!good)
        return refuse(complaint, EXIT_USAGE);
    if (list) {
        for
            EACH_WORKLOAD(row)
        say_workload(&payload, *row);
        say_done(&payload, 0, 0);
        return EXIT_OK;
    }
    share_a_page();
    say_facts(&payload, go_home(&payload.plan));
    timing_characterise(&payload.timing, clock_ns, NULL, 0);
    say_clock(&payload);
    say_refs(&payload);
    say_mark(&payload);
    run_all(&payload.plan);
    return EXIT_OK;
}
