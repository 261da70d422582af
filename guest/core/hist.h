/* A log-bucketed histogram of tick counts: exact below 128, then 64 buckets an octave (relative half-width
 * 1/128 = 0.78 %), up to 2^48 - 1 ticks (over 1000 s at any counter rate in use); larger values clamp to the last
 * bucket and are counted in `clamped`. The shape is that of HdrHistogram (G. Tene); the code is ours. */
#ifndef FERRULE_HIST_H
#define FERRULE_HIST_H

#include <stdint.h>

/* [cffi */
enum { HIST_BITS = 48, HIST_SUB = 64, HIST_BUCKETS = 2752 }; /* 128 + 41 octaves x 64 */

struct hist {
    uint64_t count;
    uint64_t clamped;
    uint64_t min; /* exact */
    uint64_t max; /* exact */
    uint32_t bucket[HIST_BUCKETS];
};

void hist_clear(struct hist *hist);
uint32_t hist_index(uint64_t ticks);
uint64_t hist_low(uint32_t index);  /* smallest value of a bucket */
uint64_t hist_high(uint32_t index); /* largest value of a bucket */
uint64_t hist_mid(uint32_t index);  /* the value reported for a bucket: at most 1 % from every member */
void hist_add(struct hist *hist, uint64_t ticks);
void hist_add_many(struct hist *hist, const uint64_t *ticks, uint64_t count);
void hist_merge(struct hist *into, const struct hist *from);
/* The value at a rank, from 1: the minimum and maximum are exact, any other is the middle of its bucket; 0 when
 * empty. */
uint64_t hist_at_rank(const struct hist *hist, uint64_t rank);
/* The value at rank ceil(q * count), q in parts per million; 0 when empty. */
uint64_t hist_quantile(const struct hist *hist, uint32_t q_ppm);
/* cffi] */

#endif
