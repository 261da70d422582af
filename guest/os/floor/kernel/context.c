/* The context that runs, and those ready to run. */
#include "context.h"

struct context *current;
struct list ready = {&ready, &ready};

/* CALL_SWITCHES */
uint64_t context_waits(void) {
    return current->waits;
}
