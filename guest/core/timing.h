/* The timing core: what the counter costs, how fast it runs, how large a batch must be.
 * Independent of the OS: the caller passes in the second clock. Shared with the host through cffi: the text between the
 * two marker lines is the binding's own declaration, so that header and binding cannot drift apart. */
#ifndef FERRULE_TIMING_H
#define FERRULE_TIMING_H

#include <stdint.h>

/* [cffi */
enum { TIMING_PAIRS = 64 };
enum { TIMING_PACE = 10000 }; /* multiplications of the pace loop: some 30,000 core cycles, about 10 us */

/* A second clock: nanoseconds since some fixed moment. */
typedef uint64_t (*timing_clock)(void *context);

enum timing_verdict {
    TIMING_OK = 0,
    TIMING_BACKWARDS = 1, /* the counter or the second clock ran backwards */
    TIMING_STUCK = 2,     /* one of them did not advance while the other did, or both stood still */
    TIMING_COARSE = 3,    /* the counter's step is over one microsecond: batches must grow with it */
    TIMING_UNSTEADY = 4   /* the calibration's halves disagree on the rate by 0.1 % more than their brackets explain */
};

struct timing {
    uint64_t hz;                 /* counter ticks a second against the second clock; 0 when unknown */
    uint64_t hz_error_ppb;       /* half-width of the rate's bracket, parts per 10^9 */
    uint64_t resolution;         /* smallest step ever seen between two different readings, ticks */
    uint64_t second_resolution;  /* the same of the second clock, ns */
    uint64_t pair[TIMING_PAIRS]; /* open..close of an empty region, ticks, in the order they were taken */
    uint64_t cost;               /* their minimum: what one open/close pair adds to a region */
    uint64_t cost_median;        /* their median */
    uint32_t multiplication;     /* core cycles of one multiplication of the pace loop; 0 when not a whole number */
    int32_t verdict;             /* enum timing_verdict */
};

/* Fill *result. Takes about window_ns of the second clock, and always returns: every wait is bounded in turns. With
 * window_ns = 0 it takes 2 ms, or 20 ms for a second clock that steps by over a microsecond: a mark's bracket of some
 * ten nanoseconds is then some millionths of the time between marks. */
void timing_characterise(struct timing *result, timing_clock clock, void *context, uint64_t window_ns);

const char *timing_verdict_name(int32_t verdict);

/* Read the counter and the second clock "at one moment": of several tries the one with the narrowest bracket.
 * Returns the bracket's width in ticks. */
uint64_t timing_mark(timing_clock clock, void *context, uint64_t *tick, uint64_t *ns);

/* Ticks of TIMING_PACE multiplications, each of which depends on the one before: a fixed number of core cycles,
 * independent of the caches and of what else runs on the core. Where the counter's rate is constant and the core's is
 * not (turbo, thermal limits, other tenants), this says how fast the core is now. */
uint64_t timing_pace(void);

/* Runs that many of the same multiplications, rounded up to a multiple of four. One takes 3 cycles on most x86-64
 * cores, 2 to 5 elsewhere: timing_characterise() compares it with a chain of additions, which take a cycle each on
 * every core. */
void timing_spin(uint32_t multiplications);

/* The smallest number of ticks a batch must last for counter cost and step to stay under 1 % of it and for the
 * target to be met: max(1000 x resolution, 200 x cost, target_ns). */
uint64_t timing_batch_floor(const struct timing *timing, uint64_t target_ns);

/* Nanoseconds in ticks of the counter; 0 where its rate is not known. */
uint64_t timing_ticks(const struct timing *timing, uint64_t ns);

/* The next batch size to try after n operations took `ticks` (floor > 0). Doubles or jumps, always a power of two;
 * returns n itself when it is large enough. Never exceeds max_batch (max_batch itself need not be a power of two). */
uint64_t timing_next_batch(uint64_t n, uint64_t ticks, uint64_t floor, uint64_t max_batch);
/* cffi] */

#endif
