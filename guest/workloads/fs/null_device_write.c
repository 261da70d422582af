/* `size` bytes are written to the device that forgets them (/dev/null): the way of a write through descriptor, file
 * and driver, without anything to do at its end. Where the device is the kernel's, no byte is even read; where it is a
 * daemon's, each write is a round trip to it, with the bytes mapped into its memory meanwhile. The number of
 * switches is part of what the row means, so the one is never compared with the other. */
#include "workloads/buffer.h"
#include "workloads/library.h"

enum { LARGEST = 1 << 20 };

struct state {
    int device;
    struct buffer buffer;
};
STATE(struct state)

static long setup(struct run *run) {
    int64_t size = run_param(run, "size");
    long device;
    if (size < 1 || size > LARGEST)
        return REFUSE(run, "size", "1..1048576");
    run->switches = OS_SERVED_SWITCHES;
    run->bytes = (uint64_t)size;
    TRY(run, device = os_open(OS_NULL_DEVICE, OS_READ | OS_WRITE));
    state(run)->device = (int)device;
    state(run)->buffer.size = (size_t)size;
    return buffer_map(run, &state(run)->buffer);
}

static inline void op(struct run *run) {
    struct buffer *buffer = &state(run)->buffer;
    EXPECT(run, CALL(run, write, state(run)->device, buffer->at, buffer->size) == (long)buffer->size);
}

static long verify(struct run *run) {
    long got;
    char byte;
    op(run);
    if (run->failed)
        return WRONG(run, "the device did not take all bytes");
    TRY(run, got = os_read(state(run)->device, &byte, 1));
    return got == 0 ? 0 : WRONG(run, "the device gave something back");
}

static void teardown(struct run *run) {
    if (state(run)->device > 0)
        os_close(state(run)->device);
    buffer_unmap(&state(run)->buffer);
}

WORKLOAD{
    .name = "null_device_write",
    .family = "fs",
    .what = "write to the device that forgets what it is given",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=1 library=0",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
