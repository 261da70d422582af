/* `size` bytes are read from the device that gives zeros (/dev/zero): the path of a read through descriptor, file and
 * driver, and the kernel's filling of user memory. The counterpart of null_device_write. */
#include "workloads/device.h"

STATE(struct device)

static long setup(struct run *run) {
    return device_open(run, state(run), OS_ZERO_DEVICE, OS_READ);
}

static inline void op(struct run *run) {
    struct buffer *buffer = &state(run)->buffer;
    EXPECT(run, CALL(run, read, state(run)->fd, buffer->at, buffer->size) == (long)buffer->size);
}

static long verify(struct run *run) {
    struct buffer *buffer = &state(run)->buffer;
    uint64_t before = buffer_sum(buffer, buffer->size);
    op(run);
    if (run->failed || !before)
        return WRONG(run, "the device did not give as many bytes as were asked for");
    return buffer_sum(buffer, buffer->size) == 0 ? 0 : WRONG(run, "the bytes were not zero");
}

static void teardown(struct run *run) {
    device_close(state(run));
}

WORKLOAD{
    .name = "zero_read",
    .family = "fs",
    .what = "read from the device that gives zeros (/dev/zero)",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=1 library=0",
    STEPS_AND_TEARDOWN,
};
