/* Contexts and processes: how they begin, wait, go on and end. There is no preemption: a context runs until it waits or
 * ends. The payload runs as often as its plan says, each time as a new process, in one boot. */
#include "process.h"

#include "boot/processor.h"
#include "cpu.h"
#include "ending.h"
#include "errors.h"
#include "image.h"
#include "plan.h"
#include "say.h"
#include "time.h"

struct space *payload_space;

static struct context contexts[CONTEXTS];
static struct list unused = {&unused, &unused};
static uint64_t process, processes; /* of the payload: which one this is, of how many */

void contexts_init(void) {
    for (unsigned i = 0; i < CONTEXTS; i++)
        list_insert_before(&unused, &contexts[i].queue);
}

static struct context *context_make(struct space *space, uint64_t entry, uint64_t argument, uint64_t stack) {
    if (list_empty(&unused))
        return NULL;
    struct context *context = LIST_OWNER(unused.next, struct context, queue);
    list_remove(&context->queue);
    context->state = CONTEXT_LIVE;
    context->stack = stack & ~UINT64_C(15);
    context->instruction = (uint64_t)floor_begin; /* calls %rbx with %r12 */
    context->flags = FLAG_INTERRUPTS;
    context->rbx = entry;
    context->r12 = argument;
    context->space = space;
    context->tables = space->tables;
    context->waits = 0;
    context->partner = context->joiner = NULL;
    context->listens = 0;
    list_init(&context->sleep);
    list_init(&context->callers);
    list_insert_before(&space->members, &context->member);
    context_ready(context, 0);
    return context;
}

struct context *context_wait(struct list *queue) {
    current->waits++;
    list_insert_before(queue, &current->queue);
    return context_next();
}

/* The one that has been ready for longest; while there is none, the CPU halts until an interrupt makes one ready. */
struct context *context_next(void) {
    while (list_empty(&ready)) {
        if (!sleepers_any()) {
            say("floor: deadlock: every context waits for another\n");
            machine_end(END_DEADLOCK);
        }
        halt_for_interrupt();
    }
    struct context *next = LIST_OWNER(ready.next, struct context, queue);
    list_remove(&next->queue);
    return next;
}

/* --- the end of a context ------------------------------------------------------------ */

struct context *context_of(uint64_t id) {
    return id < CONTEXTS && contexts[id].state != CONTEXT_FREE ? &contexts[id] : NULL;
}

static void wake(struct context *context, long result) {
    if (context->state != CONTEXT_LIVE)
        return;
    list_remove(&context->queue);
    context_ready(context, result);
}

static void stop(struct context *context, long status) {
    context->state = CONTEXT_ENDED;
    context->status = status;
    list_remove(&context->queue);
    list_remove(&context->sleep);
    if (context == current)
        return;
    for (unsigned i = 0; i < CONTEXTS; i++) { /* another context ended it, perhaps while it waited for one of these */
        if (contexts[i].joiner == context)
            contexts[i].joiner = NULL;
        if (contexts[i].partner == context)
            contexts[i].partner = NULL;
    }
}

static void discard(struct context *context) {
    context->state = CONTEXT_FREE;
    list_remove(&context->member);
    list_insert_before(&unused, &context->queue);
}

/* Wakes the contexts that wait for a stopped one: callers get an error, its joiner gets its status. */
static void leave(struct context *context) {
    if (context->partner)
        wake(context->partner, -E_PIPE);
    while (!list_empty(&context->callers))
        wake(LIST_OWNER(context->callers.next, struct context, queue), -E_PIPE);
    if (context->joiner) {
        wake(context->joiner, context->status);
        discard(context);
    }
}

/* A space's first context is what its parent joins: it stays until then. */
void process_end(struct space *space, long status) {
    struct list *members = &space->members;
    struct context *first = LIST_OWNER(members->next, struct context, member);
    for (struct list *at = members->next; at != members; at = at->next)
        stop(LIST_OWNER(at, struct context, member), status);
    while (first->member.next != members) {
        struct context *other = LIST_OWNER(first->member.next, struct context, member);
        other->joiner = NULL; /* also of this space */
        leave(other);
        discard(other);
    }
    leave(first);
    list_remove(&first->member); /* the space's record will be used for another one */
    space_drop(space);
}

/* --- the payload -----------------------------------------------------------------------------------------------------
 */

uint64_t payload_process(void) {
    return process;
}

struct context *payload_start(void) {
    if (!processes)
        processes = planned_processes();
    payload_space = space_payload();
    if (!payload_space || !context_make(payload_space, (uint64_t)floor_main, 0, payload_stack_end())) {
        say("floor: not enough memory for the payload\n");
        machine_end(END_KERNEL);
    }
    return context_next();
}

/* Ends every context but those of the payload's own space. */
static void processes_end(void) {
    for (unsigned i = 0; i < CONTEXTS; i++)
        if (contexts[i].state == CONTEXT_LIVE && contexts[i].space != payload_space)
            process_end(contexts[i].space, 0);
    for (unsigned i = 0; i < CONTEXTS; i++)
        if (contexts[i].state == CONTEXT_ENDED)
            discard(&contexts[i]);
}

/* Kept out of line: the end of every other process would otherwise save its registers. */
__attribute__((noinline)) static struct context *payload_end(long status) {
    process_end(payload_space, status);
    payload_space = NULL;
    processes_end();
    if (status == 0 && ++process < processes)
        return payload_start();
    say("floor: process ");
    say_number(status == 0 ? process - 1 : process);
    say(" ended with status ");
    say_number((uint64_t)status & 0xFF);
    say("\n");
    machine_end(end_of_status(status));
}

/* --- calls -----------------------------------------------------------------------------------------------------------
 */

/* CALL_START. A copy of the space includes the stack: the child uses it below what its parent has on it. */
struct context *context_start(uint64_t entry, uint64_t argument, uint64_t stack) {
    enum { RED_ZONE = 128 }; /* System V ABI, x86-64, 3.2.2 */
    struct space *space = stack ? current->space : space_copy(current->space);
    struct context *made = NULL;
    if (space)
        made = context_make(space, entry, argument, stack ? stack : current->stack - RED_ZONE);
    if (!made && space && !stack)
        space_drop(space);
    current->result = made ? made - contexts : -E_NOMEM;
    return current;
}

/* CALL_JOIN */
struct context *context_join(uint64_t id) {
    struct context *other = context_of(id);
    current->result = -E_CHILD;
    if (!other || other == current || other->joiner)
        return current;
    if (other->state == CONTEXT_ENDED) {
        current->result = other->status;
        discard(other);
        return current;
    }
    other->joiner = current;
    current->waits++;
    return context_next();
}

/* CALL_KILL */
struct context *process_kill(uint64_t id) {
    enum { KILLED = 128 + 9 }; /* as shells report it */
    struct context *other = context_of(id);
    current->result = other && other->space != current->space ? 0 : -E_CHILD;
    if (current->result == 0 && other->state == CONTEXT_LIVE)
        process_end(other->space, KILLED);
    return current;
}

/* CALL_EXIT */
struct context *process_exit(uint64_t status) {
    if (current->space == payload_space)
        return payload_end((long)status);
    process_end(current->space, (long)(status & 0xFF));
    return context_next();
}

/* CALL_END */
struct context *context_end(void) {
    if (current->space->members.next == &current->member)
        return process_exit(0);
    stop(current, 0);
    leave(current);
    return context_next();
}
