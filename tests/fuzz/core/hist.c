/* Any tick counts in a histogram: each in the bucket that holds it, none lost, quantiles between the extremes. */
#include "check.h"
#include "hist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct hist hist, other;
    struct input in = {data, size};
    uint64_t count = 0;
    hist_clear(&hist);
    hist_clear(&other);
    while (in.size) {
        uint64_t ticks = take_u64(&in) >> take_u8(&in) % 64;
        uint32_t at = hist_index(ticks);
        CHECK(at < HIST_BUCKETS && hist_low(at) <= hist_mid(at) && hist_mid(at) <= hist_high(at));
        CHECK(ticks >> HIST_BITS || (hist_low(at) <= ticks && ticks <= hist_high(at)));
        hist_add(count++ % 2 ? &other : &hist, ticks);
    }
    hist_merge(&hist, &other);
    CHECK(hist.count == count);
    uint64_t in_buckets = 0, last = 0;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++)
        in_buckets += hist.bucket[i];
    CHECK(in_buckets == count);
    for (uint32_t q = 0; count && q <= 1000000; q += 100000) {
        uint64_t value = hist_quantile(&hist, q);
        CHECK(value >= last && value >= hist.min && value <= hist.max);
        last = value;
    }
    CHECK(hist_at_rank(&hist, count + 1) <= hist.max && hist_at_rank(&hist, 0) <= hist.max);
    return 0;
}
