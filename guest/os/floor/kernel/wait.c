/* Sleeping until a time, and on a word of memory until it is woken: the word is identified by its physical address,
 * which is the same in all spaces. */
#include "context.h"
#include "errors.h"
#include "process.h"
#include "space.h"
#include "time.h"

static struct list waiting = {&waiting, &waiting};

/* CALL_WAIT */
struct context *word_wait(uint64_t word, uint64_t expected, uint64_t timeout_ns) {
    const char *at = word % 4 ? NULL : space_at(current->space, word, 1);
    current->result = at ? -E_AGAIN : -E_FAULT;
    if (!at || *(const volatile uint32_t *)at != (uint32_t)expected)
        return current;
    current->word = (uint64_t)at;
    if (timeout_ns)
        sleep_until(current, timeout_ns);
    current->result = -E_TIMEDOUT;
    return context_wait(&waiting);
}

/* CALL_WAKE */
uint64_t word_wake(uint64_t word, uint64_t count) {
    uint64_t woken = 0, at = (uint64_t)space_at(current->space, word, 0);
    for (struct list *next, *item = waiting.next; item != &waiting && woken < count; item = next) {
        struct context *context = LIST_OWNER(item, struct context, queue);
        next = item->next;
        if (context->word != at)
            continue;
        list_remove(&context->queue);
        list_remove(&context->sleep);
        context_ready(context, 0);
        woken++;
    }
    return woken;
}

/* CALL_SLEEP */
struct context *context_sleep(uint64_t ns) {
    current->result = 0;
    current->waits++;
    sleep_until(current, ns);
    return context_next();
}

/* CALL_YIELD: the caller goes behind all ready contexts, so each of them runs before it runs again. */
struct context *context_yield(void) {
    context_ready(current, 0);
    struct context *next = context_next();
    current->waits += next != current;
    return next;
}
