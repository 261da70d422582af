#include "plan.h"
#include "text.h"

/* One word of a line (blanks separate words), or the rest of a line. */
struct word {
    const char *text;
    size_t length;
};

static struct word next_word(struct word *rest) {
    while (rest->length && *rest->text == ' ')
        rest->text++, rest->length--;
    struct word word = {rest->text, 0};
    while (rest->length && *rest->text != ' ')
        rest->text++, rest->length--, word.length++;
    return word;
}

/* Splits key=value; returns 0 when there is no '='. */
static int split(struct word word, struct word *key, struct word *value) {
    size_t at = 0;
    while (at < word.length && word.text[at] != '=')
        at++;
    if (at == word.length)
        return 0;
    *key = (struct word){word.text, at};
    *value = (struct word){word.text + at + 1, word.length - at - 1};
    return 1;
}

static int is(struct word word, const char *text) {
    return word.length == text_length(text) && memcmp(word.text, text, word.length) == 0;
}

static void take(char *into, struct word word) {
    memcpy(into, word.text, word.length);
    into[word.length] = 0;
}

/* [a-z][a-z0-9_]*, shorter than PLAN_NAME. */
static int is_name(struct word word) {
    if (word.length == 0 || word.length >= PLAN_NAME || word.text[0] < 'a' || word.text[0] > 'z')
        return 0;
    for (size_t i = 1; i < word.length; i++) {
        char c = word.text[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_')
            return 0;
    }
    return 1;
}

/* [0-9a-z]{1,16} */
static int is_token(struct word word) {
    if (word.length == 0 || word.length > 16)
        return 0;
    for (size_t i = 0; i < word.length; i++) {
        char c = word.text[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
            return 0;
    }
    return 1;
}

static int to_u32(struct word word, uint32_t *value) {
    uint64_t wide;
    if (!text_to_u64(word.text, word.length, &wide) || wide > UINT32_MAX)
        return 0;
    *value = (uint32_t)wide;
    return 1;
}

static int to_cpus(struct plan *plan, struct word list) {
    plan->cpus = 0;
    if (list.length == 0)
        return 1;
    for (size_t start = 0, at = 0; at <= list.length; at++) {
        if (at < list.length && list.text[at] != ',')
            continue;
        if (plan->cpus == PLAN_CPUS || !to_u32((struct word){list.text + start, at - start}, &plan->cpu[plan->cpus]))
            return 0;
        plan->cpus++;
        start = at + 1;
    }
    return 1;
}

/* The position of `word` among the texts, or -1. */
static int32_t choice(struct word word, const char *const *texts, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        if (is(word, texts[i]))
            return i;
    return -1;
}

static const char *parse_setting(struct plan *plan, struct word line) {
    struct word key, value;
    if (!split(line, &key, &value))
        return "neither key=value nor a run (w NAME ...)";
    const struct {
        const char *key;
        uint32_t *at;
    } small[] = {{"boot", &plan->boot},
                 {"process", &plan->process},
                 {"processes", &plan->processes},
                 {"batches", &plan->batches},
                 {"warm", &plan->warm},
                 {"each", &plan->each},
                 {"control_batches", &plan->control_batches}};
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        if (is(key, small[i].key))
            return to_u32(value, small[i].at) ? 0 : "not a number below 2^32";
    const struct {
        const char *key;
        uint64_t *at;
    } large[] = {{"seed", &plan->seed}, {"target_ns", &plan->target_ns}, {"limit_ns", &plan->limit_ns}};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        if (is(key, large[i].key))
            return text_to_u64(value.text, value.length, large[i].at) ? 0 : "not a number below 2^64";
    if (is(key, "run")) {
        if (!is_token(value))
            return "run is not 1 to 16 of 0-9a-z";
        take(plan->run, value);
        return 0;
    }
    if (is(key, "verify")) {
        plan->verify = choice(value, (const char *const[]){"first", "only"}, 2);
        return plan->verify >= 0 ? 0 : "verify is neither first nor only";
    }
    if (is(key, "pin")) {
        plan->pin = choice(value, (const char *const[]){"0", "1"}, 2);
        return plan->pin >= 0 ? 0 : "pin is neither 0 nor 1";
    }
    if (is(key, "apart")) {
        plan->apart = choice(value, (const char *const[]){"0", "1"}, 2);
        return plan->apart >= 0 ? 0 : "apart is neither 0 nor 1";
    }
    if (is(key, "cpus"))
        return to_cpus(plan, value) ? 0 : "cpus is not a list of up to 8 numbers";
    return "unknown setting";
}

static const char *parse_param(struct plan_run *run, struct word key, struct word value) {
    if (!is_name(key))
        return "a parameter's name is not [a-z][a-z0-9_]* of at most 31 characters";
    if (run->params == PLAN_PARAMS)
        return "more than 6 parameters";
    struct plan_param *param = &run->param[run->params];
    for (uint32_t i = 0; i < run->params; i++)
        if (is(key, run->param[i].key))
            return "a parameter is given twice";
    take(param->key, key);
    run->params++;
    return text_to_i64(value.text, value.length, &param->value) ? 0 : "a parameter is not a number";
}

static const char *parse_run(struct plan *plan, struct word rest) {
    if (plan->runs == PLAN_RUNS)
        return "more than 320 runs";
    struct plan_run *run = &plan->run_list[plan->runs];
    memset(run, 0, sizeof *run);
    struct word name = next_word(&rest);
    if (!is_name(name))
        return "a workload's name is not [a-z][a-z0-9_]* of at most 31 characters";
    take(run->workload, name);
    for (struct word word = next_word(&rest); word.length; word = next_word(&rest)) {
        struct word key, value;
        const char *wrong = 0;
        if (!split(word, &key, &value))
            return "a parameter is not key=value";
        if (is(key, "place")) {
            run->place = choice(value, (const char *const[]){"same_core", "cross_core", "free"}, 3);
            wrong = run->place >= 0 ? 0 : "place is not same_core, cross_core or free";
        } else if (is(key, "n")) {
            wrong = text_to_u64(value.text, value.length, &run->batch) ? 0 : "n is not a number";
        } else if (is(key, "more")) {
            wrong = to_u32(value, &run->more) && run->more <= PLAN_MORE ? 0 : "more is not 0 to 1000 per mille";
        } else if (is(key, "spin")) {
            wrong = to_u32(value, &run->spin) && run->spin <= PLAN_SPIN ? 0 : "spin is not 0 to 2^24 multiplications";
        } else {
            wrong = parse_param(run, key, value);
        }
        if (wrong)
            return wrong;
    }
    plan->runs++;
    return 0;
}

void plan_default(struct plan *plan) {
    memset(plan, 0, sizeof *plan);
    plan->run[0] = '0';
    plan->processes = 1;
    plan->batches = 30;
    plan->warm = 3;
    plan->target_ns = 100000; /* a tenth of a 1000 Hz timer tick: most batches hold no tick */
    plan->limit_ns = 2000000000;
}

int32_t plan_parse(struct plan *plan, const char *text, size_t length, const char **why) {
    int32_t number = 0;
    int replaced = 0;
    size_t at = 0;
    while (at < length && text[at]) {
        struct word line = {text + at, 0};
        while (at < length && text[at] && text[at] != '\n')
            at++, line.length++;
        if (at < length && text[at] == '\n')
            at++;
        number++;
        while (line.length && (line.text[line.length - 1] == '\r' || line.text[line.length - 1] == ' '))
            line.length--;
        struct word rest = line;
        struct word first = next_word(&rest);
        if (first.length == 0 || first.text[0] == '#')
            continue;
        const char *wrong;
        if (is(first, "w")) {
            if (!replaced)
                plan->runs = 0;
            replaced = 1;
            wrong = parse_run(plan, rest);
        } else {
            wrong = next_word(&rest).length ? "more than one setting on a line" : parse_setting(plan, first);
        }
        if (wrong) {
            *why = wrong;
            return number;
        }
    }
    return 0;
}

/* SplitMix64: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. */
static uint64_t mix(uint64_t state) {
    state = (state ^ state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    state = (state ^ state >> 27) * UINT64_C(0x94d049bb133111eb);
    return state ^ state >> 31;
}

#define GAMMA UINT64_C(0x9e3779b97f4a7c15)

/* Unbiased draw from 0..bound-1: multiply-shift with rejection of the short interval's excess (D. Lemire, "Fast random
 * integer generation in an interval", ACM TOMACS 29(1), 2019), on the upper 32 bits of each output. */
static uint32_t draw(uint64_t *state, uint32_t bound) {
    uint64_t product;
    do {
        *state += GAMMA;
        product = (mix(*state) >> 32) * bound;
    } while ((uint32_t)product < (0 - bound) % bound);
    return (uint32_t)(product >> 32);
}

/* The generator's initial state is mix(mix(mix(seed + G) ^ boot + G) ^ process + G): neighbouring boots and processes
 * get unrelated orders. Then Fisher-Yates from the end: for i = count-1 .. 1, swap i with draw(i + 1). */
void plan_order(uint64_t seed, uint32_t boot, uint32_t process, uint32_t count, uint32_t *order) {
    uint64_t state = mix(seed + GAMMA);
    state = mix((state ^ boot) + GAMMA);
    state = mix((state ^ process) + GAMMA);
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = draw(&state, i);
        uint32_t swapped = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swapped;
    }
}
