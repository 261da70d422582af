/* Calls on a file as in will-it-scale: call=0 dup and close of a descriptor of a removed file, 1 open for reading and
 * writing, and close, 2 lseek that sets the position, 3 poll(2), not ppoll(2), of a file, which is always ready, 4 and
 * 5 a read and a write of 4 KiB at offset 0, with a buffer 16 bytes after the start of a page, as from malloc.
 */
#include "workloads/library.h"
#include "workloads/scratch.h"

enum { DUP, OPEN, SET, POLL, READ, WRITE, CALLS };
enum { CALL_POLL = 7, SIZE = 4096, OFF = 16 }; /* x86-64's number */

struct state {
    struct scratch scratch;
    struct os_poll polled;
    int64_t call;
};
STATE(struct state)

__attribute__((noinline, aligned(64))) static long library_set_position(int fd, long to, int from) {
    return call3(CALL_LSEEK, fd, to, from);
}

static char buffer[SIZE + OFF] __attribute__((aligned(4096)));

__attribute__((noinline, aligned(64))) static long library_old_poll(struct os_poll *polled, long count, long ms) {
    return call3(CALL_POLL, (long)polled, count, ms);
}

static long setup(struct run *run) {
    struct state *own = state(run);
    own->call = run_param(run, "call");
    if (own->call < 0 || own->call >= CALLS)
        return REFUSE(run, "call", "0..5");
    long result = scratch_make(run, &own->scratch, buffer, SIZE);
    if (result < 0 || own->call == OPEN)
        return result;
    own->scratch.made = 0;
    TRY(run, os_remove(own->scratch.path));
    return 0;
}

static inline int made(struct state *own) {
    enum { OS_POLL_WRITE = 4 };
    long fd;
    switch (own->call) {
    case SET:
        return library_set_position(own->scratch.fd, 0, 0) == 0;
    case POLL:
        own->polled = (struct os_poll){own->scratch.fd, OS_POLL_WRITE, 0};
        return library_old_poll(&own->polled, 1, 0) == 1;
    case READ:
        return library_read_at(own->scratch.fd, buffer + OFF, SIZE, 0) == SIZE;
    case WRITE:
        return library_write_at(own->scratch.fd, buffer + OFF, SIZE, 0) == SIZE;
    case DUP:
        fd = library_dup(own->scratch.fd);
        break;
    default:
        fd = library_open(own->scratch.path, OS_READ | OS_WRITE);
    }
    return (fd >= 0) & (library_close((int)fd) == 0);
}

static inline void op(struct run *run) {
    EXPECT(run, made(state(run)));
}

static long verify(struct run *run) {
    return made(state(run)) ? 0 : WRONG(run, "the call gave another answer than it must");
}

static void teardown(struct run *run) {
    scratch_end(&state(run)->scratch);
}

WORKLOAD{
    .name = "file_calls",
    .family = "beside",
    .what = "calls on a file as will-it-scale makes them",
    .per = PER_CALL,
    .ends = 1,
    .params = "call=0",
    STEPS_AND_TEARDOWN,
};
