/* Contexts under a bare kernel: made by the kernel's own scheme, which reports their end through an event queue. */
#include "bare_context.h"

#include "keeper.h"
#include "path.h"

enum { STATUS_NONE = -1, SIGNALLED = 128, OVER_WORDS = FD_COUNT / 64, NO_QUEUE = -1 };
static long queue = NO_QUEUE;         /* of this process: the ends of what it started */
static uint64_t over[OVER_WORDS];     /* contexts whose end has been reported, by descriptor */
static volatile int32_t *exit_status; /* of processes, by descriptor; seen by all of them */
static struct redox_status last_status;

static _Noreturn void end_self(long context) {
    const uint64_t verb = VERB_END;
    for (;;)
        redox_call3(CALL_WRITE, context, (long)&verb, sizeof verb);
}

static _Noreturn void end(const struct redox_begin *begin) {
    end_self(begin->self);
}

static _Noreturn void leave(int status) {
    exit_status[redox_start.thread] = status;
    end_self(redox_start.thread);
}

static void born(void) {
    if (queue != NO_QUEUE)
        redox_close(queue);
    queue = NO_QUEUE;
}

long redox_bare_init(void) {
    void *at = NULL;
    long result = os_map_shared(FD_COUNT * sizeof *exit_status, &at);
    if (result < 0)
        return result;
    exit_status = at;
    redox_start.thread = REDOX_DUP((long)redox_root[ROOT_CONTEXTS], "cur-context");
    return redox_start.thread;
}

long redox_bare_ports(void) {
    const uint64_t verb = VERB_IO_PORTS;
    return redox_call5(CALL_CALL, redox_start.thread, 0, 0, 1, (long)&verb);
}

/* Asks for the event of the context's end. */
static long watch(long context) {
    struct redox_event event = {(uint64_t)context, EVENT_READ, (uint64_t)context};
    if (queue == NO_QUEUE) {
        long result = redox_openat_to((long)redox_root[ROOT_EVENT], "", 0, READ_WRITE, FD_QUEUE);
        if (result < 0)
            return result;
        queue = result;
    }
    over[context / 64] &= ~(1ull << context % 64);
    return os_write((int)queue, &event, sizeof event);
}

static long make(void) {
    long context = REDOX_DUP((long)redox_root[ROOT_CONTEXTS], "new-context");
    long result = context < 0 ? context : watch(context);
    if (result < 0 && context >= 0)
        os_close((int)context);
    return result < 0 ? result : context;
}

static long make_process(volatile long *process) {
    (void)process;
    long context = make();
    if (context >= 0)
        exit_status[context] = STATUS_NONE;
    return context;
}

static long await(long context) {
    while (!(over[context / 64] >> context % 64 & 1)) {
        long ended = os_events_wait((int)queue);
        if (ended < 0)
            return ended;
        over[ended / 64] |= 1ull << ended % 64;
    }
    return 0;
}

static long join(struct os_thread *thread) {
    return await(thread->fd);
}

/* The status of a process that ended without storing one. */
static long ask_status(long context) {
    last_status = (struct redox_status){0, 0, 0, 0};
    long select = REDOX_DUP_TO(context, "status", FD_SELECT);
    if (select < 0)
        return select;
    long result = os_read((int)select, &last_status, sizeof last_status);
    redox_close(select);
    return result < 0 ? result : SIGNALLED + (long)last_status.kind;
}

static long wait_for(long context) {
    long result = await(context);
    if (result >= 0)
        result = exit_status[context];
    last_status.status = 0;
    return result == STATUS_NONE ? ask_status(context) : result;
}

long redox_bare_exception(void) {
    return last_status.status == CONTEXT_EXCEPTION ? (long)last_status.kind : -1;
}

static long kill(long context) {
    const uint64_t verb[] = {VERB_END};
    return REDOX_SET(context, "status", verb);
}

const struct redox_keeper redox_nobody = {make, make_process, born, end, join, leave, wait_for, kill};
