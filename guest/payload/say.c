/* All records that the payload writes; docs/record-stream.md documents them. */
#include "payload/say.h"

#include "payload/build_id.h"
#include "payload/registry.h"
#include "payload/run.h"

#ifndef FERRULE_COMPILER /* the harness's build defines both; a build by hand must be distinguishable from it */
#define FERRULE_COMPILER "unknown"
#endif
#ifndef FERRULE_FLAGS
#define FERRULE_FLAGS "unknown"
#endif

static const char *place_name(int32_t place) {
    return place == PLACE_SAME_CORE ? "same_core" : place == PLACE_CROSS_CORE ? "cross_core" : "free";
}

static const char *per_name(enum per per) {
    static const char *const name[] = {"call", "round_trip", "one_way", "iteration"};
    return name[per];
}

static const char *status_name(enum status status) {
    static const char *const name[] = {"ok", "unsupported", "not_ported", "absent", "wrong", "failed"};
    return name[status];
}

static void say_param(struct record *record, const char *key, int64_t value) {
    char field[2 + PLAN_NAME] = "p.";
    text_copy(field + 2, PLAN_NAME, key);
    record_i64(record, field, value);
}

static void say_hex32(struct record *record, const char *key, uint32_t value) {
    char text[9];
    for (unsigned i = 0; i < 8; i++)
        text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    text[8] = 0;
    record_text(record, key, text);
}

void say_hello(struct payload *payload) {
    struct record *record = &payload->record;
    char id[BUILD_ID_TEXT];
    build_id(id);
    record_begin(record, "hello");
    record_u64(record, "proto", 1);
    record_text(record, "os", OS_NAME);
    record_text(record, "arch", OS_ARCH);
    record_text(record, "build", id);
    record_text(record, "compiler", FERRULE_COMPILER);
    record_text(record, "flags", FERRULE_FLAGS);
    record_u64(record, "seed", payload->plan.seed);
    record_u64(record, "boot", payload->plan.boot);
    record_u64(record, "process", payload->plan.process);
    record_u64(record, "runs", payload->plan.runs);
    record_u64(record, "at", payload->begun);
    if (os_kernel_entered())
        record_u64(record, "kernel", os_kernel_entered());
    say_hex32(record, "plan", payload->plan_crc);
    record_end(record);
}

static void say_fact(void *context, const char *name, const char *value) {
    struct record *record = context;
    record_begin(record, "fact");
    record_text(record, "name", name);
    record_text(record, "value", value);
    record_end(record);
}

/* Reports a refused pin; an OS that cannot pin at all has refused nothing. */
static void say_unpinned(struct payload *payload, const char *name, long result) {
    char number[21] = {0};
    if (result >= 0 || result == -OS_NOT_PORTED)
        return;
    text_u64(number, (uint64_t)-result);
    say_fact(&payload->record, name, number);
}

void say_facts(struct payload *payload, long pinned) {
    os_facts(say_fact, &payload->record);
    say_unpinned(payload, "pin.error", pinned);
}

void say_clock(struct payload *payload) {
    struct record *record = &payload->record;
    const struct timing *timing = &payload->timing;
    record_begin(record, "clock");
    record_text(record, "counter", FERRULE_COUNTER_NAME);
    record_u64(record, "hz", timing->hz);
    record_u64(record, "hz_error_ppb", timing->hz_error_ppb);
    record_u64(record, "resolution", timing->resolution);
    record_u64(record, "second_resolution", timing->second_resolution);
    record_u64(record, "cost", timing->cost);
    record_u64(record, "cost_median", timing->cost_median);
    record_u64(record, "multiplication", timing->multiplication);
    record_text(record, "verdict", timing_verdict_name(timing->verdict));
    record_end(record);
}

static uint64_t clock_ns(void *context) {
    (void)context;
    return os_clock_ns();
}

void say_mark(struct payload *payload) {
    uint64_t tick = 0, ns = 0;
    timing_mark(clock_ns, NULL, &tick, &ns);
    record_begin(&payload->record, "mark");
    record_u64(&payload->record, "tick", tick);
    record_u64(&payload->record, "ns", ns);
    record_end(&payload->record);
}

static void say_ref(struct payload *payload, const char *what, uint64_t n, const uint64_t *ticks, size_t count) {
    for (size_t sent = 0; sent < count;) {
        record_begin(&payload->record, "ref");
        record_text(&payload->record, "what", what);
        record_u64(&payload->record, "n", n);
        sent += record_u64_list(&payload->record, "t", ticks + sent, count - sent);
        record_end(&payload->record);
    }
}

/* Empty regions, then the empty loop at two lengths: intercept and slope of what every batch contains besides its
 * operations. The loop is the empty_loop workload's own, so there is no second one that could differ. */
void say_refs(struct payload *payload) {
    enum { REGION_NS = 50000, REF_ROUNDS = 15 };
    const struct workload *empty = workload_find("empty_loop");
    struct run run = {.shared = payload->shared};
    say_ref(payload, "pair", 0, payload->timing.pair, TIMING_PAIRS);
    if (!empty)
        return;
    uint64_t floor = timing_batch_floor(&payload->timing, REGION_NS), n = 1, next = 1;
    do {
        n = next;
        next = timing_next_batch(n, timed_batch(empty, &run, n), floor, UINT32_MAX);
    } while (next != n);
    for (unsigned twice = 1; twice <= 2; twice++) {
        uint64_t ticks[REF_ROUNDS];
        for (unsigned i = 0; i < REF_ROUNDS; i++)
            ticks[i] = timed_batch(empty, &run, n * twice);
        say_ref(payload, "loop", n * twice, ticks, REF_ROUNDS);
    }
}

void say_begin(struct payload *payload, uint32_t index, uint32_t position, const struct plan_run *asked) {
    struct record *record = &payload->record;
    record_begin(record, "begin");
    record_u64(record, "i", index);
    record_u64(record, "pos", position);
    record_text(record, "workload", asked->workload);
    record_text(record, "place", place_name(asked->place));
    if (asked->more)
        record_u64(record, "more", asked->more);
    if (asked->spin)
        record_u64(record, "spin", asked->spin);
    for (uint32_t i = 0; i < asked->params; i++)
        say_param(record, asked->param[i].key, asked->param[i].value);
    record_end(record);
}

static void say_ready(struct record *record, uint32_t index, const struct workload *workload, const struct run *run,
                      const struct outcome *outcome) {
    char key[PLAN_NAME];
    int64_t value;
    record_begin(record, "ready");
    record_u64(record, "i", index);
    record_u64(record, "n", outcome->n);
    if (outcome->ran != outcome->n)
        record_u64(record, "ran", outcome->ran);
    record_text(record, "per", per_name(workload->per));
    record_u64(record, "bytes", run->bytes);
    record_u64(record, "switches", run->switches);
    record_u64(record, "ends", workload->ends);
    if (run->team)
        record_u64(record, "team", run->team);
    if (run->asked_ns)
        record_u64(record, "asked", run->asked_ns);
    if (workload->waits)
        record_u64(record, "waits", workload->waits);
    record_text(record, "place", place_name(run->place));
    for (const char *rest = workload->params ? workload->params : ""; param_next(&rest, key, &value);)
        say_param(record, key, run_param(run, key));
    for (uint32_t i = 0; i < run->asked->params; i++) /* parameters that every workload accepts */
        if (!has_param(workload, run->asked->param[i].key))
            say_param(record, run->asked->param[i].key, run->asked->param[i].value);
    record_end(record);
}

/* A record holds batches of one kind: taken on the same CPUs, and all of them warm-up or none. */
static void say_batches(struct record *record, uint32_t index, const struct outcome *outcome) {
    for (uint32_t b = 0; b < outcome->batches;) {
        uint32_t end = b + 1, limit = b < outcome->warm ? outcome->warm : outcome->batches;
        while (end < limit && outcome->cpu[0][end] == outcome->cpu[0][b] && outcome->cpu[1][end] == outcome->cpu[1][b])
            end++;
        record_begin(record, "batch");
        record_u64(record, "i", index);
        record_u64(record, "b", b);
        if (outcome->cpu[0][b] >= 0)
            record_u64(record, "cpu", (uint64_t)outcome->cpu[0][b]);
        if (outcome->cpu[1][b] >= 0)
            record_u64(record, "cpu2", (uint64_t)outcome->cpu[1][b]);
        record_u64(record, "warm", b < outcome->warm);
        b += (uint32_t)record_u64_list(record, "t", outcome->ticks + b, end - b);
        record_end(record);
    }
}

/* The core's speed around each batch: one value more than there are batches. */
static void say_pace(struct record *record, uint32_t index, const struct outcome *outcome) {
    uint32_t count = outcome->batches ? outcome->batches + 1 : 0;
    for (uint32_t b = 0; b < count;) {
        record_begin(record, "pace");
        record_u64(record, "i", index);
        record_u64(record, "n", TIMING_PACE);
        record_u64(record, "b", b);
        b += (uint32_t)record_u64_list(record, "t", outcome->pace + b, count - b);
        record_end(record);
    }
}

static void say_hist(struct record *record, uint32_t index, const struct hist *hist) {
    uint32_t next = 0;
    int more = hist->count > 0;
    while (more) {
        record_begin(record, "hist");
        record_u64(record, "i", index);
        more = record_buckets(record, "b", hist->bucket, HIST_BUCKETS, &next);
        record_end(record);
    }
}

static void say_end(struct record *record, uint32_t index, const struct outcome *outcome) {
    int ok = outcome->status == STATUS_OK;
    record_begin(record, "end");
    record_u64(record, "i", index);
    record_text(record, "status", status_name(outcome->status));
    record_u64(record, "batches", ok ? outcome->batches : 0);
    record_u64(record, "hist", ok ? outcome->hist.count : 0);
    if (ok && outcome->hist.count) {
        record_u64(record, "hist_min", outcome->hist.min);
        record_u64(record, "hist_max", outcome->hist.max);
    }
    if (ok && outcome->batches && outcome->switches_known) {
        record_u64(record, "voluntary", outcome->voluntary);
        record_u64(record, "involuntary", outcome->involuntary);
    }
    if (outcome->operation) {
        char name[OPERATION_NAME];
        operation_name(name, outcome->operation);
        record_text(record, "operation", name);
    }
    if (outcome->error)
        record_i64(record, "error", outcome->error);
    if (outcome->failed) {
        char text[32 + 24] = "operations that went wrong: ";
        size_t length = text_length(text);
        text[length + text_u64(text + length, outcome->failed)] = 0;
        record_text(record, "seen", text);
    } else if (outcome->seen) {
        record_text(record, "seen", outcome->seen);
    }
    record_end(record);
}

void say_outcome(struct payload *payload, uint32_t index, const struct workload *workload, const struct run *run,
                 const struct outcome *outcome) {
    if (!payload->second_reported)
        say_unpinned(payload, "pin.second.error", outcome->second_pinned);
    payload->second_reported |= outcome->second_pinned < 0;
    if (outcome->prepared)
        say_ready(&payload->record, index, workload, run, outcome);
    if (outcome->status == STATUS_OK) {
        say_batches(&payload->record, index, outcome);
        say_pace(&payload->record, index, outcome);
        say_hist(&payload->record, index, &outcome->hist);
    }
    say_end(&payload->record, index, outcome);
}

void say_workload(struct payload *payload, const struct workload *workload) {
    struct record *record = &payload->record;
    record_begin(record, "workload");
    record_text(record, "name", workload->name);
    record_text(record, "family", workload->family);
    record_text(record, "what", workload->what);
    record_text(record, "per", per_name(workload->per));
    record_u64(record, "ends", workload->ends);
    record_u64(record, "control", workload->control);
    record_u64(record, "hidden", workload->hidden);
    record_u64(record, "bytes", workload->bytes);
    record_u64(record, "switches", workload->switches);
    record_u64(record, "max_batch", workload->max_batch);
    record_u64(record, "alone", workload->alone);
    record_u64(record, "waits", workload->waits);
    record_text(record, "params", workload->params ? workload->params : "");
    record_end(record);
}

void say_log(struct payload *payload, const char *text) {
    record_begin(&payload->record, "log");
    record_text(&payload->record, "text", text);
    record_end(&payload->record);
}

void say_done(struct payload *payload, uint32_t runs, uint32_t ok) {
    record_begin(&payload->record, "done");
    record_u64(&payload->record, "runs", runs);
    record_u64(&payload->record, "ok", ok);
    record_end(&payload->record);
}
