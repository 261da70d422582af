#include "hist.h"
#include "text.h"

enum { EXACT = 2 * HIST_SUB, SUB_BITS = 6 };

/* Written out because __builtin_clzll is a call into libgcc where the instruction set has no such instruction. */
static uint32_t top_bit(uint64_t value) {
    uint32_t bit = 0;
    for (uint32_t step = 32; step; step /= 2) {
        if (value >> step) {
            value >>= step;
            bit += step;
        }
    }
    return bit;
}

void hist_clear(struct hist *hist) {
    memset(hist, 0, sizeof *hist);
}

uint32_t hist_index(uint64_t ticks) {
    if (ticks < EXACT)
        return (uint32_t)ticks;
    if (ticks >> HIST_BITS)
        return HIST_BUCKETS - 1;
    uint32_t shift = top_bit(ticks) - SUB_BITS; /* 1 in the first octave above EXACT */
    return EXACT + (shift - 1) * HIST_SUB + ((uint32_t)(ticks >> shift) & (HIST_SUB - 1));
}

static uint32_t shift_of(uint32_t index) {
    return index < EXACT ? 0 : (index - EXACT) / HIST_SUB + 1;
}

uint64_t hist_low(uint32_t index) {
    if (index >= HIST_BUCKETS)
        index = HIST_BUCKETS - 1;
    if (index < EXACT)
        return index;
    return (uint64_t)(HIST_SUB + index % HIST_SUB) << shift_of(index);
}

uint64_t hist_high(uint32_t index) {
    if (index >= HIST_BUCKETS)
        index = HIST_BUCKETS - 1;
    return hist_low(index) + (UINT64_C(1) << shift_of(index)) - 1;
}

uint64_t hist_mid(uint32_t index) {
    uint64_t low = hist_low(index);
    return low + (hist_high(index) - low) / 2;
}

static void add_saturating(uint32_t *bucket, uint32_t count) {
    *bucket = count > UINT32_MAX - *bucket ? UINT32_MAX : *bucket + count;
}

static void widen(struct hist *hist, uint64_t min, uint64_t max) {
    if (hist->count == 0 || min < hist->min)
        hist->min = min;
    if (hist->count == 0 || max > hist->max)
        hist->max = max;
}

void hist_add(struct hist *hist, uint64_t ticks) {
    widen(hist, ticks, ticks);
    hist->count++;
    hist->clamped += ticks >> HIST_BITS != 0;
    add_saturating(&hist->bucket[hist_index(ticks)], 1);
}

void hist_add_many(struct hist *hist, const uint64_t *ticks, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        hist_add(hist, ticks[i]);
}

void hist_merge(struct hist *into, const struct hist *from) {
    if (from->count == 0)
        return;
    widen(into, from->min, from->max);
    into->count += from->count;
    into->clamped += from->clamped;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++)
        add_saturating(&into->bucket[i], from->bucket[i]);
}

uint64_t hist_at_rank(const struct hist *hist, uint64_t rank) {
    if (hist->count == 0)
        return 0;
    if (rank <= 1)
        return hist->min;
    if (rank >= hist->count)
        return hist->max;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        seen += hist->bucket[i];
        if (seen < rank)
            continue;
        uint64_t value = hist_mid(i);
        return value < hist->min ? hist->min : value > hist->max ? hist->max : value;
    }
    return hist->max;
}

uint64_t hist_quantile(const struct hist *hist, uint32_t q_ppm) {
    const uint32_t million = 1000000;
    if (q_ppm > million)
        q_ppm = million;
    /* ceil(q * count / 10^6) in two parts, so that the product cannot overflow. */
    return hist_at_rank(hist, hist->count / million * q_ppm + (hist->count % million * q_ppm + million - 1) / million);
}
