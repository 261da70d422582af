/* `size` bytes are read from the device that gives zeros (/dev/zero): the way of a read through descriptor, file and
 * driver, and the kernel's filling of user memory. The counterpart of null_device_write. */
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
    TRY(run, device = os_open(OS_ZERO_DEVICE, OS_READ));
    state(run)->device = (int)device;
    state(run)->buffer.size = (size_t)size;
    return buffer_map(run, &state(run)->buffer);
}

static inline void op(struct run *run) {
    struct buffer *buffer = &state(run)->buffer;
    EXPECT(run, CALL(run, read, state(run)->device, buffer->at, buffer->size) == (long)buffer->size);
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
    if (state(run)->device > 0)
        os_close(state(run)->device);
    buffer_unmap(&state(run)->buffer);
}

WORKLOAD{
    .name = "zero_read",
    .family = "fs",
    .what = "read from the device that gives zeros (/dev/zero)",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=1 library=0",
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
    LOOPS,
};
