#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE

#include "host.h"
#include "counter.h"

#include <string.h>
#include <time.h>

uint64_t host_clock(void *context) {
    struct timespec now = {0, 0};
    clock_gettime(*(const clockid_t *)context, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int host_clock_monotonic(void) {
    return (int)CLOCK_MONOTONIC;
}

int host_clock_raw(void) {
#ifdef CLOCK_MONOTONIC_RAW
    return (int)CLOCK_MONOTONIC_RAW;
#else
    return (int)CLOCK_MONOTONIC;
#endif
}

const char *host_counter_name(void) {
    return FERRULE_COUNTER_NAME;
}

void host_sink(void *context, const char *bytes, size_t length) {
    struct host_buffer *buffer = context;
    size_t room = buffer->capacity - buffer->used;
    size_t taken = length < room ? length : room;
    memcpy(buffer->bytes + buffer->used, bytes, taken);
    buffer->used += taken;
    buffer->lost += length - taken;
}
