/* What the timing core needs from this host; no part of a guest: a second clock, and a buffer for records. */
#ifndef FERRULE_HOST_H
#define FERRULE_HOST_H

#include <stddef.h>
#include <stdint.h>

/* [cffi */
/* A timing_clock: `context` points at the clockid_t to read. */
uint64_t host_clock(void *context);
int host_clock_monotonic(void);
int host_clock_raw(void); /* not slewed by NTP; the monotonic one where the system has no such clock */
const char *host_counter_name(void);

/* A record_sink: `context` points at a struct host_buffer. Bytes that do not fit are counted in `lost`. */
struct host_buffer {
    char *bytes;
    size_t capacity;
    size_t used;
    size_t lost;
};
void host_sink(void *context, const char *bytes, size_t length);
/* cffi] */

#endif
