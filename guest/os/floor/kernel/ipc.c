/* A message in a register, handed from caller to server and back: the called context runs at once, no queue is touched.
 * A server holds one caller at a time, its partner, and answers it with the next CALL_IPC_SERVE. */
#include "context.h"
#include "errors.h"
#include "process.h"

/* CALL_IPC_CALL */
struct context *ipc_call(uint64_t id, uint64_t message) {
    struct context *server = context_of(id);
    current->result = (long)message; /* kept there until the server takes it */
    if (!server || server->state != CONTEXT_LIVE || server == current) {
        current->result = -E_CHILD;
        return current;
    }
    if (!server->listens)
        return context_wait(&server->callers);
    current->waits++;
    server->listens = 0;
    server->partner = current;
    server->result = (long)message;
    return server;
}

/* CALL_IPC_SERVE */
struct context *ipc_serve(uint64_t reply) {
    struct context *partner = current->partner;
    current->partner = NULL;
    if (partner)
        partner->result = (long)reply;
    if (!list_empty(&current->callers)) {
        struct context *caller = LIST_OWNER(current->callers.next, struct context, queue);
        list_remove(&caller->queue);
        current->partner = caller;
        current->result = caller->result;
        if (partner)
            context_ready(partner, (long)reply);
        return current;
    }
    current->listens = 1;
    current->waits++;
    return partner ? partner : context_next();
}
