/* Ends of pipes: opened, closed, and copied with the address space that has them. */
#include "pipe_end.h"

#include "context.h"
#include "errors.h"
#include "frame.h"

enum { FIRST_END = 3 }; /* programs use 0 to 2 for input, output and errors */

long pipe_end_open(struct pipe_ends *ends, struct pipe *pipe, int writes) {
    long fd = FIRST_END;
    while (fd < SPACE_ENDS && ends->end[fd].pipe)
        fd++;
    if (fd == SPACE_ENDS)
        return -E_NFILE;
    ends->end[fd] = (struct pipe_end){pipe, writes};
    if (ends->count <= (uint64_t)fd)
        ends->count = (uint64_t)fd + 1;
    *(writes ? &pipe->writers : &pipe->readers) += 1;
    return fd;
}

static void wake_all(struct list *queue, long result) {
    while (!list_empty(queue)) {
        struct context *context = LIST_OWNER(queue->next, struct context, queue);
        list_remove(&context->queue);
        context_ready(context, result < 0 && context->moved ? context->moved : result);
    }
}

void pipe_end_close(struct pipe_end *end) {
    struct pipe *pipe = end->pipe;
    end->pipe = NULL;
    if (end->writes && --pipe->writers == 0)
        wake_all(&pipe->reading, 0);
    if (!end->writes && --pipe->readers == 0)
        wake_all(&pipe->writing, -E_PIPE);
    if (!pipe->readers && !pipe->writers) {
        frame_drop(pipe->page);
        pipe->page = 0;
    }
}

void pipe_ends_copy(struct pipe_ends *into, const struct pipe_ends *from) {
    into->count = from->count;
    for (uint64_t fd = FIRST_END; fd < from->count; fd++) {
        struct pipe_end end = into->end[fd] = from->end[fd];
        if (end.pipe)
            *(end.writes ? &end.pipe->writers : &end.pipe->readers) += 1;
    }
}

void pipe_ends_drop(struct pipe_ends *ends) {
    for (uint64_t fd = FIRST_END; fd < ends->count; fd++)
        if (ends->end[fd].pipe)
            pipe_end_close(&ends->end[fd]);
}
