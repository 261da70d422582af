/* Contexts, which the processor resumes: the one that runs, and those ready to run. */
#ifndef FERRULE_FLOOR_CONTEXT_H
#define FERRULE_FLOOR_CONTEXT_H

#include <stdint.h>
#include "list.h"

enum { CONTEXTS = 128 };
enum context_state { CONTEXT_FREE, CONTEXT_LIVE, CONTEXT_ENDED };
struct context { /* entry.S knows the first eleven members */
    uint64_t stack, instruction, flags, rbx, rbp, r12, r13, r14, r15;
    long result; /* of the call it waits in */
    uint64_t tables;
    struct space *space;
    struct list member;      /* of the space */
    struct list queue;       /* in the ready list, or in that of what it waits for */
    struct list sleep;       /* in the list of those with a deadline */
    uint64_t deadline;       /* counter ticks */
    uint64_t waits;          /* how often it has waited */
    uint64_t word;           /* physical address waited for (wait.c) */
    uint64_t buffer;         /* user address that a pipe fills or drains (pipe.c) ... */
    uint64_t length;         /* ... this much is left ... */
    long moved;              /* ... and this much is done */
    struct context *partner; /* the caller whose message this one has not answered yet (ipc.c) */
    struct list callers;     /* those that call this one while it does not listen */
    int listens;
    struct context *joiner;
    long status;
    enum context_state state;
};
extern struct context *current;
extern struct list ready;

static inline void context_ready(struct context *context, long result) {
    context->result = result;
    list_insert_before(&ready, &context->queue);
}

#endif
