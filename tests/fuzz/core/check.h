/* What the fuzz targets of the C core share: a check that aborts, and numbers read from an input. */
#ifndef FERRULE_FUZZ_CHECK_H
#define FERRULE_FUZZ_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(holds)                                                                                                   \
    do {                                                                                                               \
        if (!(holds))                                                                                                  \
            abort();                                                                                                   \
    } while (0)

struct input {
    const uint8_t *data;
    size_t size;
};

/* At most `size` bytes; returns how many. */
static inline size_t take_bytes(struct input *in, void *into, size_t size) {
    size = size < in->size ? size : in->size;
    if (size)
        memcpy(into, in->data, size);
    in->data += size;
    in->size -= size;
    return size;
}

static inline uint8_t take_u8(struct input *in) {
    uint8_t value = 0;
    take_bytes(in, &value, sizeof value);
    return value;
}

static inline uint32_t take_u32(struct input *in) {
    uint32_t value = 0;
    take_bytes(in, &value, sizeof value);
    return value;
}

static inline uint64_t take_u64(struct input *in) {
    uint64_t value = 0;
    take_bytes(in, &value, sizeof value);
    return value;
}

/* A copy on the heap that ends where the input does: a sanitizer reports a read beyond it. */
static inline char *exact(const uint8_t *data, size_t size) {
    char *copy = malloc(size ? size : 1);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

#endif
