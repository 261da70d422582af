/* `size` bytes are written to the device that discards them (/dev/null): the path of a write through descriptor, file
 * and driver, without work at its end. Where the device is part of the kernel, not even a byte is read. */
#include "workloads/device.h"

STATE(struct device)

static long setup(struct run *run) {
    return device_open(run, state(run), OS_NULL_DEVICE, OS_READ | OS_WRITE);
}

static inline void op(struct run *run) {
    struct buffer *buffer = &state(run)->buffer;
    EXPECT(run, CALL(run, write, state(run)->fd, buffer->at, buffer->size) == (long)buffer->size);
}

static long verify(struct run *run) {
    long got;
    char byte;
    op(run);
    if (run->failed)
        return WRONG(run, "the device did not take all bytes");
    TRY(run, got = os_read(state(run)->fd, &byte, 1));
    return got == 0 ? 0 : WRONG(run, "the device gave something back");
}

static void teardown(struct run *run) {
    device_close(state(run));
}

WORKLOAD{
    .name = "null_device_write",
    .family = "fs",
    .what = "write to the device that discards it (/dev/null)",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=1 library=0",
    STEPS_AND_TEARDOWN,
};
