#include "timing.h"
#include "counter.h"
#include "text.h"

enum {
    MARK_TRIES = 16,
    EDGE_TRIES = 4,
    STUCK_TURNS = 1 << 20, /* readings without an advance; two fenced reads and a clock call take over 20 ns together,
                              so this outlasts the 10 and 15.6 ms steps of tick-driven clocks */
    STEPS = 32,            /* steps watched for the resolution of a clock */
    UNSTEADY_PPB = 1000000,
    COARSE_NS = 1000, /* a second clock with longer steps is marked at its edges */
    WINDOW_NS = 2000000,
    COARSE_WINDOW_NS = 20000000
};

/* value * by / over, floor, saturating. Done by hand because a 128-bit division is a call into libgcc. */
static uint64_t scale(uint64_t value, uint64_t by, uint64_t over) {
    for (; over >> 62; over >>= 1) /* keeps the shifts below from overflowing; costs no precision that matters */
        value >>= 1;
    if (over == 0)
        return UINT64_MAX;
    uint64_t whole = value / over, part = value % over, quotient = 0, rest = 0;
    if (whole && by > UINT64_MAX / whole)
        return UINT64_MAX;
    for (uint32_t bit = 64; bit-- > 0;) { /* part * by / over: part < over, so the quotient is below `by` */
        rest = 2 * rest + (by >> bit & 1 ? part : 0);
        quotient *= 2;
        for (; rest >= over; rest -= over)
            quotient++;
    }
    return whole * by > UINT64_MAX - quotient ? UINT64_MAX : whole * by + quotient;
}

static uint64_t add(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Keeps the worse of two verdicts: backwards is worse than stuck, and so on down the enum. */
static void find(struct timing *result, int32_t verdict) {
    if (result->verdict == TIMING_OK || verdict < result->verdict)
        result->verdict = verdict;
}

static void sort(uint64_t *values, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        uint64_t value = values[i];
        uint32_t hole = i;
        for (; hole && values[hole - 1] > value; hole--)
            values[hole] = values[hole - 1];
        values[hole] = value;
    }
}

/* The open/close pairs, taken back to back with nothing between them but a store; the first round warms the caches. */
static void measure_cost(struct timing *result) {
    uint64_t pair[TIMING_PAIRS];
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < TIMING_PAIRS; i++) {
            uint64_t open = counter_open();
            pair[i] = counter_close() - open;
        }
    }
    memcpy(result->pair, pair, sizeof pair);
    sort(pair, TIMING_PAIRS);
    result->cost = pair[0];
    result->cost_median = pair[TIMING_PAIRS / 2 - 1] + (pair[TIMING_PAIRS / 2] - pair[TIMING_PAIRS / 2 - 1]) / 2;
    if (pair[TIMING_PAIRS - 1] >> 63)
        find(result, TIMING_BACKWARDS);
}

static uint64_t read_counter(void *unused) {
    (void)unused;
    return counter_open();
}

/* The smallest step of a clock over up to STEPS steps; UINT64_MAX when it never advanced. Sets *backwards when it went
 * back. */
static uint64_t measure_step(timing_clock clock, void *context, int *backwards) {
    uint64_t smallest = UINT64_MAX, last = clock(context);
    uint32_t steps = 0;
    for (uint32_t turn = 0; turn < STUCK_TURNS && steps < STEPS; turn++) {
        uint64_t now = clock(context);
        if (now < last)
            *backwards = 1;
        else if (now > last) {
            steps++;
            if (now - last < smallest)
                smallest = now - last;
        }
        last = now;
    }
    return smallest;
}

struct mark {
    uint64_t tick, ns, width;
};

uint64_t timing_mark(timing_clock clock, void *context, uint64_t *tick, uint64_t *ns) {
    uint64_t narrowest = UINT64_MAX;
    for (int try = 0; try < MARK_TRIES; try++) {
        uint64_t open = counter_open();
        uint64_t now = clock(context);
        uint64_t width = counter_close() - open;
        if (try && width >= narrowest)
            continue;
        narrowest = width;
        *tick = open + width / 2;
        *ns = now;
    }
    return narrowest;
}

/* The moment at which a coarse clock steps, between the readings before and after the step. Of several steps it takes
 * the one with the narrowest bracket. It stops early at a bracket about as narrow as readings get: no interruption fell
 * into that one. */
static struct mark mark_edge(timing_clock clock, void *context) {
    uint64_t quickest = UINT64_MAX, before = counter_open(), last = clock(context);
    struct mark best = {before, last, UINT64_MAX};
    uint32_t edges = 0;
    for (uint32_t turn = 0; turn < STUCK_TURNS && edges < EDGE_TRIES; turn++) {
        uint64_t open = counter_open();
        uint64_t now = clock(context);
        uint64_t width = counter_close() - before;
        if (now == last && width < quickest)
            quickest = width;
        if (now != last && (edges++ == 0 || width < best.width))
            best = (struct mark){before + width / 2, now, width};
        if (edges && quickest != UINT64_MAX && best.width / 4 < quickest)
            break;
        before = open;
        last = now;
    }
    return best;
}

static struct mark mark_now(const struct timing *result, timing_clock clock, void *context) {
    if (result->second_resolution > COARSE_NS)
        return mark_edge(clock, context);
    struct mark mark;
    mark.width = timing_mark(clock, context, &mark.tick, &mark.ns);
    return mark;
}

/* Waits until the second clock is `ns` past `from`, watching both clocks. A turn takes over 4 ns on any machine, so a
 * working clock gets there in time; one that does not counts as stuck. */
static void wait_for(struct timing *result, timing_clock clock, void *context, uint64_t from, uint64_t ns) {
    uint64_t last_tick = counter_open(), last_ns = from;
    uint64_t turns = add(ns / 4, STUCK_TURNS);
    uint32_t still_tick = 0, still_ns = 0;
    while (turns--) {
        uint64_t tick = counter_open(), now = clock(context);
        if (tick < last_tick || now < last_ns)
            find(result, TIMING_BACKWARDS);
        if (result->verdict == TIMING_BACKWARDS || now - from >= ns)
            return;
        still_tick = tick == last_tick ? still_tick + 1 : 0;
        still_ns = now == last_ns ? still_ns + 1 : 0;
        if (still_tick == STUCK_TURNS || still_ns == STUCK_TURNS)
            break;
        last_tick = tick;
        last_ns = now;
    }
    find(result, TIMING_STUCK);
}

static uint64_t rate(struct mark from, struct mark to) {
    return scale(to.tick - from.tick, 1000000000, to.ns - from.ns);
}

/* By how many ticks a second the brackets of two marks may have changed the rate between them. */
static uint64_t blur(struct mark from, struct mark to) {
    return scale(from.width / 2 + to.width / 2 + 1, 1000000000, to.ns - from.ns);
}

/* Three marks: the outer two give the rate, and the rates of the two halves must agree within their brackets. Each half
 * waits its full time from its own first mark, so a long interruption of one does not shorten the other. */
static void measure_rate(struct timing *result, timing_clock clock, void *context, uint64_t window_ns) {
    struct mark start = mark_now(result, clock, context);
    wait_for(result, clock, context, start.ns, window_ns / 2);
    struct mark middle = mark_now(result, clock, context);
    wait_for(result, clock, context, middle.ns, window_ns - window_ns / 2);
    struct mark end = mark_now(result, clock, context);
    if (middle.ns < start.ns || end.ns < middle.ns || middle.tick < start.tick || end.tick < middle.tick)
        find(result, TIMING_BACKWARDS);
    else if (middle.ns == start.ns || end.ns == middle.ns || middle.tick == start.tick || end.tick == middle.tick)
        find(result, TIMING_STUCK);
    if (result->verdict == TIMING_BACKWARDS || result->verdict == TIMING_STUCK)
        return;
    uint64_t step = result->second_resolution > COARSE_NS ? 0 : result->second_resolution;
    result->hz = rate(start, end);
    result->hz_error_ppb =
        add(scale(blur(start, end), 1000000000, result->hz), scale(step, 1000000000, end.ns - start.ns));
    uint64_t first = rate(start, middle), second = rate(middle, end);
    uint64_t apart = first > second ? first - second : second - first;
    uint64_t allowed = scale(result->hz, UNSTEADY_PPB, 1000000000); /* also where a bracket made the rate too large */
    if (apart > add(allowed, add(blur(start, middle), blur(middle, end))))
        find(result, TIMING_UNSTEADY);
    if (result->resolution > result->hz / (1000000000 / COARSE_NS))
        find(result, TIMING_COARSE);
}

static inline void multiply(uint32_t count) {
    enum { UNROLLED = 4 }; /* so that their latency hides the loop on every core */
    uint64_t x = 3;
    for (uint32_t turns = (count + UNROLLED - 1) / UNROLLED; turns; turns--) {
        for (uint32_t i = 0; i < UNROLLED; i++) {
            x *= x;
            __asm__ volatile("" : "+r"(x)); /* hides x from the compiler, which could shorten the chain */
        }
    }
}

static inline void add_up(uint32_t count) {
    enum { UNROLLED = 16 };
    uint64_t x = 3;
    for (uint32_t turns = count / UNROLLED; turns; turns--) {
        for (uint32_t i = 0; i < UNROLLED; i++) {
            x += x;
            __asm__ volatile("" : "+r"(x));
        }
    }
}

/* A latency is a whole number of cycles: a result that is not close to one (an emulator, another tenant's load) counts
 * as unknown, 0. The quickest of several tries; the two chains alternate, so that both see the same clock rate. */
static uint32_t multiplication_cycles(void) {
    enum { TRIES = 8, CHAIN = 4096, TIMES = 3 }; /* times as many additions, so that both chains take about as long */
    enum { ONE = 100, OFF = 25 }; /* in hundredths: one cycle, and the tolerance around a whole number of them */
    uint64_t additions = UINT64_MAX, multiplications = UINT64_MAX;
    for (int try = 0; try < TRIES; try++) {
        uint64_t open = counter_open();
        add_up(TIMES * CHAIN);
        uint64_t middle = counter_close(), again = counter_open();
        multiply(CHAIN);
        uint64_t close = counter_close();
        if (middle - open < additions)
            additions = middle - open;
        if (close - again < multiplications)
            multiplications = close - again;
    }
    uint64_t found = scale(multiplications, TIMES * ONE, additions), whole = (found + ONE / 2) / ONE;
    uint64_t off = found > whole * ONE ? found - whole * ONE : whole * ONE - found;
    return whole && whole < 16 && off <= OFF ? (uint32_t)whole : 0;
}

void timing_characterise(struct timing *result, timing_clock clock, void *context, uint64_t window_ns) {
    int backwards = 0;
    memset(result, 0, sizeof *result);
    measure_cost(result);
    result->multiplication = multiplication_cycles();
    result->resolution = measure_step(read_counter, 0, &backwards);
    result->second_resolution = measure_step(clock, context, &backwards);
    if (backwards)
        find(result, TIMING_BACKWARDS);
    else if (result->resolution == UINT64_MAX || result->second_resolution == UINT64_MAX)
        find(result, TIMING_STUCK);
    if (!window_ns)
        window_ns = result->second_resolution > COARSE_NS ? COARSE_WINDOW_NS : WINDOW_NS;
    if (result->verdict == TIMING_OK)
        measure_rate(result, clock, context, window_ns);
    if (result->resolution == UINT64_MAX)
        result->resolution = 0;
    if (result->second_resolution == UINT64_MAX)
        result->second_resolution = 0;
}

const char *timing_verdict_name(int32_t verdict) {
    static const char *const name[] = {"ok", "backwards", "stuck", "coarse", "unsteady"};
    return verdict >= 0 && verdict < (int32_t)(sizeof name / sizeof *name) ? name[verdict] : "unknown";
}

uint64_t timing_pace(void) {
    uint64_t open = counter_open();
    multiply(TIMING_PACE);
    return counter_close() - open;
}

void timing_spin(uint32_t multiplications) {
    multiply(multiplications);
}

uint64_t timing_batch_floor(const struct timing *timing, uint64_t target_ns) {
    uint64_t floor = 1;
    const uint64_t least[] = {scale(timing->resolution, 1000, 1), scale(timing->cost, 200, 1),
                              scale(target_ns, timing->hz, 1000000000)};
    for (uint32_t i = 0; i < sizeof least / sizeof *least; i++)
        if (least[i] > floor)
            floor = least[i];
    return floor;
}

uint64_t timing_ticks(const struct timing *timing, uint64_t ns) {
    return scale(ns, timing->hz, 1000000000);
}

uint64_t timing_next_batch(uint64_t n, uint64_t ticks, uint64_t floor, uint64_t max_batch) {
    enum { LEAP = 64 }; /* the largest factor: a very short first batch is no good basis for an estimate */
    if (max_batch == 0)
        max_batch = UINT64_MAX;
    if (n == 0)
        return 1;
    if (ticks >= floor || n >= max_batch)
        return n < max_batch ? n : max_batch;
    uint64_t wanted = ticks && floor / ticks < LEAP ? scale(n, floor, ticks) + 1 : scale(n, LEAP, 1);
    uint64_t next = 1;
    while (next < wanted && next < UINT64_C(1) << 62)
        next *= 2;
    if (next <= n)
        next = 2 * n;
    return next < max_batch ? next : max_batch;
}
