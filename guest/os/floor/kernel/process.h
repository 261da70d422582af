/* Processes: an address space, its pipes' ends and its contexts. The payload is the first of them. */
#ifndef FERRULE_FLOOR_PROCESS_H
#define FERRULE_FLOOR_PROCESS_H

#include <stdint.h>
#include "context.h"
#include "list.h"
#include "space.h"

void contexts_init(void);
struct context *context_of(uint64_t id);          /* NULL: there is none */
struct context *context_wait(struct list *queue); /* puts the current one there; returns the next one */
struct context *context_next(void);
void process_end(struct space *space, long status);
_Noreturn void context_resume(struct context *context); /* entry.S */

/* The payload is started again for every process of the plan. */
extern struct space *payload_space;
struct context *payload_start(void); /* returns the context to resume */
uint64_t payload_process(void);

#endif
