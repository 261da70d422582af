/* Who runs, and who is ready to. */
#include "context.h"

struct context *current;
struct list ready = {&ready, &ready};

/* CALL_SWITCHES */
uint64_t context_waits(void) {
    return current->waits;
}
