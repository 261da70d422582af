/* One run of one workload: place, set up, verify, calibrate, measure, tear down. Writes no record: the outcome is kept
 * in memory until everything is over, so that no console traffic falls into a measured region. */
#include "payload/run.h"

#include "payload/prepare.h"
#include "payload/team.h"

enum { VERIFY_TURNS = 4 };                        /* steps of a verify=only run */
enum { LEAST_MEASURED = 3 };                      /* batches that even the slowest operation gets */
static const uint64_t largest_batch = 1ull << 32; /* ends the calibration when the counter stands still */

static int refuse(struct outcome *outcome, enum status status, const char *operation, long error, const char *seen) {
    outcome->status = status;
    outcome->operation = operation;
    outcome->error = error < 0 ? -error : 0;
    outcome->seen = seen;
    return 0;
}

/* Why a setup or verify stopped: the kernel refused, the port has no such call, or the OS has no such thing. */
static int refuse_call(struct outcome *outcome, const struct run *run, long result) {
    char name[OPERATION_NAME];
    operation_name(name, run->operation);
    int has_none = text_lists(OS_ABSENT, name) || text_lists(os_absent_here(), name);
    if (result == -OS_DOES_NOT_EXIST || (result == -OS_NOT_PORTED && has_none))
        return refuse(outcome, STATUS_ABSENT, run->operation, 0, run->seen);
    if (result == -RUN_REFUSED)
        return refuse(outcome, STATUS_UNSUPPORTED, run->operation, 0, run->seen);
    if (result == -OS_NOT_PORTED)
        return refuse(outcome, STATUS_NOT_PORTED, run->operation, 0, run->seen);
    return refuse(outcome, STATUS_UNSUPPORTED, run->operation, result, run->seen);
}

/* On which CPUs this run's ends run. A workload of one end cannot be cross_core. Where pinning is refused (a
 * container's rules, a cpuset that changed), the run is not pinned, and its place is reported as free. */
static int settle_place(const struct plan *plan, const struct workload *workload, struct run *run,
                        struct outcome *outcome) {
    run->place = workload->ends < 2 && run->asked->place == PLACE_CROSS_CORE ? PLACE_SAME_CORE : run->asked->place;
    long pinned = run->place == PLACE_FREE ? -OS_NOT_PORTED : go_home(plan);
    if (pinned >= 0 && run->place == PLACE_CROSS_CORE) {
        if (plan->cpus < 2 || plan->cpu[0] == plan->cpu[1])
            return refuse(outcome, STATUS_UNSUPPORTED, "cross_core", 0, "needs two different CPUs in cpus=A,B");
        pinned = outcome->second_pinned = os_pin(plan->cpu[1]);
        if (pinned >= 0)
            pinned = go_home(plan);
    }
    if (pinned < 0) {
        run->place = PLACE_FREE;
        os_unpin();
        return 1;
    }
    run->cpu[0] = plan->cpu[0];
    run->cpu[1] = plan->cpu[run->place == PLACE_CROSS_CORE];
    return 1;
}

/* Prepares this thread and the other members of its team. 1 when the workload may be timed. */
static int prepare(const struct plan *plan, const struct workload *workload, struct run *run, struct outcome *outcome) {
    long result = run_ready(workload, run);
    if (!result)
        result = team_gather(plan, workload, run);
    if (result < 0)
        return refuse_call(outcome, run, result);
    if (result > 0)
        return refuse(outcome, STATUS_WRONG, "verify", 0, run->seen);
    outcome->prepared = 1;
    return 1;
}

/* Inlined; `spin` is a constant 0 where nothing is injected, so that the timed region then holds no extra
 * instruction. */
static inline uint64_t timed(const struct workload *workload, struct run *run, uint64_t n, uint32_t spin) {
    if (workload->before)
        workload->before(run, n);
    uint64_t open = counter_open();
    if (spin) /* first, while a second end still waits: later it could do work of its own in this time */
        timing_spin(spin);
    workload->loop(run, n);
    uint64_t ticks = counter_close() - open;
    if (workload->after)
        workload->after(run, n);
    return ticks;
}

uint64_t timed_batch(const struct workload *workload, struct run *run, uint64_t n) {
    return run->team ? team_batch(workload, run, n, 0) : timed(workload, run, n, 0);
}

/* The largest batch, in steps: all sizes are whole numbers of steps, so that each is possible. */
static uint64_t most_steps(const struct workload *workload, const struct run *run) {
    return (workload->max_batch ? workload->max_batch : largest_batch) / run->step;
}

/* How many operations a batch that reports n really runs: more than n where the plan injects a slowdown of known
 * size. */
static uint64_t injected(const struct run *run, uint64_t n) {
    return (n / run->step * (1000 + run->asked->more) + 500) / 1000 * run->step;
}

/* Grows the batch until it is long enough twice: one interruption must not make a short batch look long. In a team an
 * interruption of any member does, so a team's batch has to be long enough more often. */
static uint64_t calibrate(const struct payload *payload, const struct workload *workload, struct run *run) {
    uint64_t most = most_steps(workload, run);
    if (run->asked->batch) {
        uint64_t steps = (run->asked->batch + run->step - 1) / run->step;
        return (steps < most ? steps : most) * run->step;
    }
    uint64_t floor = timing_batch_floor(&payload->timing, payload->plan.target_ns);
    uint64_t start = os_clock_ns();
    const unsigned agreeing = run->team > 1 ? 8 : 1;
    for (uint64_t steps = 1;;) {
        uint64_t next = timing_next_batch(steps, timed_batch(workload, run, steps * run->step), floor, most);
        for (unsigned again = 0; next == steps && again < agreeing; again++)
            next = timing_next_batch(steps, timed_batch(workload, run, steps * run->step), floor, most);
        if (next == steps || run->failed || os_clock_ns() - start > payload->plan.limit_ns)
            return steps * run->step;
        steps = next;
    }
}

/* Ticks of a batch without the time that its operations were asked to wait; at least 1. */
static uint64_t beyond_asked(const struct payload *payload, const struct run *run, uint64_t n, uint64_t ticks) {
    uint64_t asked = timing_ticks(&payload->timing, n * run->asked_ns);
    return ticks > asked ? ticks - asked : 1;
}

static void take_batches(const struct payload *payload, const struct workload *workload, struct run *run,
                         struct outcome *outcome) {
    const struct plan *plan = &payload->plan;
    uint64_t start = os_clock_ns(), voluntary[2] = {0, 0}, involuntary[2] = {0, 0};
    uint32_t few = workload->control ? plan->control_batches : 0, wanted = few ? few : plan->batches;
    int counted = 0;
    outcome->warm = plan->warm;
    for (uint32_t b = 0; b < outcome->warm + wanted && !run->failed; b++) {
        uint32_t measured = b > outcome->warm ? b - outcome->warm : 0;
        if (os_clock_ns() - start > plan->limit_ns) {
            if (b && b < outcome->warm) /* too slow for a full warm-up: it ends here, with fewer batches in all */
                outcome->warm = b;
            if (measured >= LEAST_MEASURED)
                break;
        }
        if (b == outcome->warm)
            counted = os_switches(&voluntary[0], &involuntary[0]) >= 0;
        outcome->pace[b] = timing_pace();
        if (run->team && run->asked->spin)
            outcome->ticks[b] = team_batch(workload, run, outcome->ran, run->asked->spin);
        else if (run->asked->spin)
            outcome->ticks[b] = timed(workload, run, outcome->ran, run->asked->spin);
        else
            outcome->ticks[b] = timed_batch(workload, run, outcome->ran);
        if (run->asked_ns)
            outcome->ticks[b] = beyond_asked(payload, run, outcome->ran, outcome->ticks[b]);
        outcome->cpu[0][b] = os_cpu();
        uint32_t second = run->shared->cpu_of_second;
        outcome->cpu[1][b] = second == CPU_UNKNOWN ? -1 : (long)second;
        outcome->batches = b + 1;
    }
    outcome->pace[outcome->batches] = timing_pace();
    outcome->switches_known = counted && os_switches(&voluntary[1], &involuntary[1]) >= 0;
    outcome->voluntary = voluntary[1] - voluntary[0];
    outcome->involuntary = involuntary[1] - involuntary[0];
}

/* Single operations, in chunks of a batch's size so that before/after and the limit hold here too. */
static void take_each(const struct payload *payload, const struct workload *workload, struct run *run,
                      struct outcome *outcome) {
    uint64_t start = os_clock_ns(), left = payload->plan.each;
    uint64_t taken = payload->timing.cost + timing_ticks(&payload->timing, run->asked_ns);
    while (left && !run->failed && os_clock_ns() - start <= payload->plan.limit_ns) {
        uint64_t chunk = outcome->n < left ? outcome->n : left;
        if (workload->before)
            workload->before(run, chunk);
        workload->each(run, chunk, taken, &outcome->hist);
        if (workload->after)
            workload->after(run, chunk);
        left -= chunk;
    }
}

static void measure(const struct payload *payload, const struct workload *workload, struct run *run,
                    struct outcome *outcome) {
    if (payload->plan.verify == VERIFY_ONLY) {
        uint64_t steps = most_steps(workload, run);
        outcome->ran = outcome->n = (steps < VERIFY_TURNS ? steps : VERIFY_TURNS) * run->step;
        timed_batch(workload, run, outcome->n);
    } else {
        outcome->n = calibrate(payload, workload, run);
        outcome->ran = injected(run, outcome->n);
        if (outcome->ran / run->step > most_steps(workload, run)) {
            refuse(outcome, STATUS_UNSUPPORTED, "more", 0, "with so much more than n= the batch is too large");
            return;
        }
        take_batches(payload, workload, run, outcome);
        if (workload->each && payload->plan.each && !run->team)
            take_each(payload, workload, run, outcome);
    }
    outcome->failed = run->failed;
    if (run->failed)
        refuse(outcome, STATUS_FAILED, "op", 0, NULL);
}

void run_one(struct payload *payload, const struct workload *workload, struct run *run, struct outcome *outcome) {
    const struct plan_run *asked = run->asked;
    memset(run, 0, sizeof *run);
    memset(outcome, 0, sizeof *outcome);
    hist_clear(&outcome->hist);
    memset(payload->shared, 0, sizeof *payload->shared);
    payload->shared->cpu_of_second = CPU_UNKNOWN;
    run->asked = asked;
    run->shared = run->common = payload->shared;
    run->bytes = workload->bytes;
    run->switches = workload->switches;
    run->step = 1;
    if (!settle_place(&payload->plan, workload, run, outcome))
        return;
    run->library = run_param(run, "library") != 0;
    if (prepare(&payload->plan, workload, run, outcome))
        measure(payload, workload, run, outcome);
    team_part(run);
    if (workload->teardown)
        workload->teardown(run);
}
