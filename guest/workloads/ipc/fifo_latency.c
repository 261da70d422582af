/* pipe_latency over two pipes that have a name in a file system (mkfifo) and were opened by it. One operation is the
 * ROUND TRIP: two writes, two reads, two context switches. The names are removed before it begins: only the way from
 * the descriptor to the pipe may differ. */
#include "workloads/lines.h"
#include "workloads/scratch.h"

/* Opening one end waits for the other, so a descriptor for both ends is opened first. */
static long line(struct run *run, int end[2]) {
    struct scratch name;
    long both, fd = 0;
    scratch_name(&name);
    TRY(run, os_fifo(name.path));
    TRY(run, both = os_open(name.path, OS_READ | OS_WRITE));
    for (unsigned way = 0; way < 2 && fd >= 0; way++)
        if ((fd = os_open(name.path, way ? OS_WRITE : OS_READ)) > 0)
            end[way] = (int)fd;
    os_close((int)both);
    os_remove(name.path);
    TRY(run, fd);
    return 0;
}

LINES_OVER(line, read, write)

WORKLOAD{
    .name = "fifo_latency",
    .family = "ipc",
    .what = "round trip of a message between two processes over two named pipes (FIFO)",
    .per = PER_ROUND_TRIP,
    .ends = 2,
    .alone = 1,
    .switches = 2,
    .params = "size=1 library=0",
    STEPS_AND_TEARDOWN,
};
