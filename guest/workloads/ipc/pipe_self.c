/* One byte written to a pipe and read back by the same thread: a write, a read. No other thread takes part, so that the
 * scheduler does not. Pitfall: this is not pipe latency; nobody is woken. It is what the pipe's own code costs. */
#include "workloads/library.h"

enum { READ_END, WRITE_END };

static long setup(struct run *run) {
    int end[2];
    TRY(run, os_pipe(end));
    run->word[READ_END] = end[0];
    run->word[WRITE_END] = end[1];
    return run_pin(run, 0);
}

static inline void op(struct run *run) {
    char byte = 42;
    EXPECT(run, CALL(run, write, (int)run->word[WRITE_END], &byte, 1) == 1);
    EXPECT(run, CALL(run, read, (int)run->word[READ_END], &byte, 1) == 1);
}

static long verify(struct run *run) {
    char byte = 42;
    TRY(run, os_write((int)run->word[WRITE_END], &byte, 1));
    byte = 0;
    TRY(run, os_read((int)run->word[READ_END], &byte, 1));
    return byte == 42 ? 0 : WRONG(run, "another byte came out than went in");
}

static void teardown(struct run *run) {
    for (unsigned end = READ_END; end <= WRITE_END; end++)
        if (run->word[end] > 0)
            os_close((int)run->word[end]);
}

WORKLOAD{
    .name = "pipe_self",
    .family = "ipc",
    .what = "one byte through a pipe and back, one thread",
    .per = PER_ITERATION,
    .ends = 1,
    .params = "library=0",
    .bytes = 1,
    STEPS_AND_TEARDOWN,
};
