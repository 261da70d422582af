/* A descriptor is added to an event queue and taken off it again (epoll_ctl). One operation is both calls; nothing
 * happens on the descriptor. What a server pays for a connection that comes and goes, beside the connection. */
#include "workloads/library.h"
#include "workloads/wire.h"

struct state {
    struct wire wire;
    int queue;
};
STATE(struct state)

static long setup(struct run *run) {
    TRY_FD(run, state(run)->queue, os_events_open());
    return wire_make(run, &state(run)->wire);
}

static inline void op(struct run *run) {
    int queue = state(run)->queue, fd = state(run)->wire.end[0];
    EXPECT(run, (CALL(run, events_add, queue, fd) >= 0) & (CALL(run, events_remove, queue, fd) >= 0));
}

/* Returns 0 when the queue reports another descriptor, and not the removed one, which could be read before it. */
static long silent(struct run *run, int queue) {
    struct wire *taken_off = &state(run)->wire, other = {{0}};
    long event = -1, made = wire_make(run, &other);
    if (made >= 0 && (made = os_events_add(queue, other.end[0])) >= 0) {
        if (wire_put(taken_off->end[1], 1) && wire_put(other.end[1], 1))
            event = os_events_wait(queue);
        os_events_remove(queue, other.end[0]);
        wire_take(taken_off->end[0]);
    }
    int right = event == other.end[0];
    wire_end(&other);
    return made < 0 ? made : right ? 0 : WRONG(run, "an event came of a descriptor that was taken off");
}

/* The event of an added descriptor must come. After its removal it must not: a later event of another descriptor comes.
 */
static long verify(struct run *run) {
    int queue = state(run)->queue, fd = state(run)->wire.end[0];
    TRY(run, os_events_add(queue, fd));
    if (!wire_put(state(run)->wire.end[1], 1) || os_events_wait(queue) != fd || wire_take(fd) != 1)
        return WRONG(run, "the event of a descriptor that was added did not come");
    TRY(run, os_events_remove(queue, fd));
    return silent(run, queue);
}

static void teardown(struct run *run) {
    pipe_close_end(&state(run)->queue);
    wire_end(&state(run)->wire);
}

WORKLOAD{
    .name = "event_control",
    .family = "ipc",
    .what = "add a descriptor to an event queue and take it off (epoll_ctl)",
    .per = PER_ITERATION,
    .ends = 1,
    .params = "library=0",
    STEPS_AND_TEARDOWN,
};
