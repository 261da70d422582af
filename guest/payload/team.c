/* See team.h. A member that waits during a timed batch, or for its start, spins: each has a CPU of its own. Between
 * batches the others sleep on board->turn, so that they do not disturb what the first member does then. */
#include "payload/team.h"

#include "core/timing.h"
#include "payload/prepare.h"
#include "payload/registry.h"

enum { TEAM_MOST = 64, STACK = 65536, CPUS_MOST = 1024 };
enum { SPINS = 4000, SPIN = 16 }; /* reads of a word before sleeping on it, and multiplications between two reads */

/* Memory that all members share, threads or processes. */
struct board {
    uint32_t turn; /* batches begun */
    uint32_t go;   /* the batch that may start */
    uint64_t n;    /* its operations; 0: leave */
    struct board_line {
        uint32_t set_up;      /* `result`, `operation` and `seen` are valid */
        uint32_t ready, done; /* the batch that it is ready for, and the last that it finished */
        uint64_t failed;
        long result;
        const char *operation, *seen;
        struct shared shared;
    } member[];
};

/* A member's private memory: a member that is a process has a copy of its own. */
struct member {
    struct run run;
    const struct workload *workload;
    struct board *board;
    struct board_line *line;
    struct os_thread thread;
    struct os_process process;
    int started;
    char stack[STACK] __attribute__((aligned(64)));
};

struct team {
    struct board *board;
    struct member *member; /* `size` of them; the first is not used */
    uint32_t size;
    int copies;
};

static struct team team; /* one run at a time */

int team_param(const char *key) {
    return text_equal(key, "threads") || text_equal(key, "procs");
}

static uint32_t look(const uint32_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void put(uint32_t *word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void spin_until(const uint32_t *word, uint32_t value) {
    while (look(word) != value)
        timing_spin(SPIN);
}

static void sleep_until(uint32_t *word, uint32_t value, int copies) {
    for (unsigned turn = 0; look(word) != value; turn++) {
        if (turn < SPINS)
            timing_spin(SPIN);
        else
            os_wait(word, value - 1, 0, copies);
    }
}

static void work(void *argument) {
    struct member *own = argument;
    struct board *board = own->board;
    struct board_line *line = own->line;
    struct run *run = &own->run;
    const struct workload *workload = own->workload;
    line->result = run_pin(run, 0);
    if (line->result < 0)
        run->operation = "os_pin";
    else
        line->result = run_ready(workload, run);
    line->operation = run->operation;
    line->seen = run->seen;
    put(&line->set_up, 1);
    for (uint32_t turn = 1;; turn++) {
        sleep_until(&board->turn, turn, run->across);
        uint64_t n = board->n;
        if (!n)
            break;
        if (workload->before)
            workload->before(run, n);
        put(&line->ready, turn);
        spin_until(&board->go, turn);
        workload->loop(run, n);
        line->failed = run->failed;
        run->failed = 0;
        put(&line->done, turn);
        if (workload->after)
            workload->after(run, n);
    }
    if (workload->teardown)
        workload->teardown(run);
}

/* The next CPU from *from on that is not one of the plan's and that may be pinned to. */
static long next_cpu(const struct plan *plan, uint32_t *from) {
    for (; *from < CPUS_MOST; ++*from) {
        int planned = 0;
        for (uint32_t i = 0; i < plan->cpus; i++)
            planned |= plan->cpu[i] == *from;
        if (!planned && os_pin(*from) >= 0)
            return (long)(*from)++;
    }
    return -OS_EINVAL;
}

static long start(struct run *run, struct member *own) {
    if (team.copies)
        TRY(run, os_process_start(&own->process, work, own));
    else
        TRY(run, os_thread_start(&own->thread, work, own, own->stack, STACK));
    own->started = 1;
    while (!look(&own->line->set_up)) /* members may share a CPU until each is pinned */
        os_sleep(1);
    if (own->line->result) {
        run->operation = own->line->operation;
        run->seen = own->line->seen;
    }
    return own->line->result;
}

/* Gives each member a CPU of its own, where this OS can pin. */
static long place(const struct plan *plan, struct run *run, uint32_t index, uint32_t *from) {
    struct run *own = &team.member[index].run;
    *own = (struct run){.asked = run->asked, .place = run->place, .common = run->common};
    own->shared = &team.board->member[index].shared;
    own->shared->cpu_of_second = CPU_UNKNOWN;
    own->across = run->across;
    own->library = run->library;
    own->step = 1;
    if (run->place == PLACE_FREE)
        return 0;
    long cpu = index < plan->cpus ? (long)plan->cpu[index] : next_cpu(plan, from);
    own->cpu[0] = own->cpu[1] = (uint32_t)cpu;
    return cpu;
}

/* How many members the run asks for, 0: no team; sets run->across when as processes. */
static uint32_t wanted(const struct workload *workload, struct run *run) {
    int64_t asked = 0;
    for (uint32_t i = 0; i < run->asked->params; i++)
        if (team_param(run->asked->param[i].key) && !has_param(workload, run->asked->param[i].key)) {
            asked = run->asked->param[i].value;
            run->across = text_equal(run->asked->param[i].key, "procs");
        }
    return asked < 0 || asked > TEAM_MOST ? TEAM_MOST + 1 : (uint32_t)asked;
}

static long refuse(struct run *run, const char *seen) {
    run->operation = "scale";
    run->seen = seen;
    return -(long)RUN_REFUSED;
}

long team_gather(const struct plan *plan, const struct workload *workload, struct run *run) {
    uint32_t size = wanted(workload, run), from = 0;
    void *board = NULL, *member = NULL;
    long cpus = os_cpus(), result = 0;
    if (!size)
        return 0;
    if (size > TEAM_MOST)
        return refuse(run, "threads= and procs= are 1..64");
    if (cpus > 0 && size > (uint32_t)cpus)
        return NEEDS_CPUS(run);
    if (run->place == PLACE_CROSS_CORE)
        return refuse(run, "has each pair on a CPU of its own: not cross_core");
    if (!run->across && workload->alone && size > 1)
        return refuse(run, "procs= alone: in one address space they would share memory that each needs for itself");
    team = (struct team){.size = size, .copies = run->across};
    size_t bytes = sizeof(struct board) + size * sizeof(struct board_line);
    result = os_map_shared(bytes, &board); /* for threads too: they may start processes */
    if (result < 0 && !team.copies)
        result = os_map(bytes, &board);
    if (result < 0)
        run->operation = "os_map_shared";
    if (result < 0)
        return result;
    memset(board, 0, bytes); /* not every kernel clears memory that it maps */
    team.board = board;
    run->team = size;
    TRY(run, os_map(size * sizeof(struct member), &member));
    team.member = member;
    for (uint32_t i = 0; i < size; i++)
        team.member[i].started = 0;
    for (uint32_t i = 1; i < size && !result; i++) {
        result = place(plan, run, i, &from);
        if (result < 0)
            return NEEDS_CPUS(run);
        struct member *own = &team.member[i];
        own->workload = workload;
        own->board = team.board;
        own->line = &team.board->member[i];
        go_home(plan);
        result = start(run, own);
    }
    return result;
}

/* Starts a batch of n in all other members. */
static void begin(uint64_t n) {
    team.board->n = n;
    put(&team.board->turn, team.board->turn + 1);
    if (team.size > 1)
        os_wake(&team.board->turn, TEAM_MOST, team.copies);
}

uint64_t team_batch(const struct workload *workload, struct run *run, uint64_t n, uint32_t spin) {
    struct board *board = team.board;
    begin(n);
    if (workload->before)
        workload->before(run, n);
    for (uint32_t i = 1; i < team.size; i++)
        spin_until(&board->member[i].ready, board->turn);
    uint64_t open = counter_open();
    put(&board->go, board->turn);
    if (spin)
        timing_spin(spin);
    workload->loop(run, n);
    for (uint32_t i = 1; i < team.size; i++)
        spin_until(&board->member[i].done, board->turn);
    uint64_t ticks = counter_close() - open;
    if (workload->after)
        workload->after(run, n);
    for (uint32_t i = 1; i < team.size; i++)
        run->failed += board->member[i].failed;
    return ticks;
}

void team_part(struct run *run) {
    if (!run->team || !team.board)
        return;
    if (team.member) {
        begin(0);
        for (uint32_t i = 1; i < team.size; i++)
            if (team.member[i].started && team.copies)
                os_process_join(&team.member[i].process);
            else if (team.member[i].started)
                os_thread_join(&team.member[i].thread);
        os_unmap(team.member, team.size * sizeof(struct member));
    }
    os_unmap(team.board, sizeof(struct board) + team.size * sizeof(struct board_line));
    team.board = NULL;
}
