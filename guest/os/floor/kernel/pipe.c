/* Pipes of the simplest kind: bytes go straight into the buffer of a reader that waits; without one they are kept in a
 * page, and a writer that does not get all of its bytes in waits until readers have taken them. */
#include "kernel.h"

enum { PIPES = 80, FIRST_END = 3 }; /* 0 to 2 are what programs take for input, output and errors */

struct pipe {
    uint64_t readers, writers;    /* open ends */
    struct list reading, writing; /* who waits; never both, and never a reader while bytes are kept */
    uint64_t page;                /* 0: this one is free */
    uint64_t start, end;          /* what is kept */
};

static struct pipe pipes[PIPES];

static struct pipe *pipe_of(uint64_t fd, int writes) {
    struct pipe_end *end = fd < current->space->ends ? &current->space->end[fd] : NULL;
    return end && end->pipe && end->writes == writes ? end->pipe : NULL;
}

static long open_end(struct pipe *pipe, int writes) {
    struct pipe_end *end = current->space->end;
    long fd = FIRST_END;
    while (fd < SPACE_ENDS && end[fd].pipe)
        fd++;
    if (fd == SPACE_ENDS)
        return -E_NFILE;
    end[fd] = (struct pipe_end){pipe, writes};
    if (current->space->ends <= (uint64_t)fd)
        current->space->ends = (uint64_t)fd + 1;
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

static void close_end(struct pipe_end *end) {
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

void pipe_ends_copy(struct space *into, const struct space *from) {
    into->ends = from->ends;
    for (uint64_t fd = FIRST_END; fd < from->ends; fd++) {
        struct pipe_end end = into->end[fd] = from->end[fd];
        if (end.pipe)
            *(end.writes ? &end.pipe->writers : &end.pipe->readers) += 1;
    }
}

void pipe_ends_drop(struct space *space) {
    for (uint64_t fd = FIRST_END; fd < space->ends; fd++)
        if (space->end[fd].pipe)
            close_end(&space->end[fd]);
}

/* CALL_PIPE */
long pipe_make(uint64_t user_ends) {
    struct pipe *pipe = pipes;
    int end[2];
    while (pipe < pipes + PIPES && pipe->page)
        pipe++;
    if (pipe == pipes + PIPES)
        return -E_NFILE;
    if (!(pipe->page = frame_take()))
        return -E_NOMEM;
    pipe->readers = pipe->writers = pipe->start = pipe->end = 0;
    list_init(&pipe->reading);
    list_init(&pipe->writing);
    end[0] = (int)open_end(pipe, 0);
    end[1] = end[0] < 0 ? -E_NFILE : (int)open_end(pipe, 1);
    long result = end[1] < 0 ? -E_NFILE : space_write(current->space, user_ends, (const char *)end, sizeof end);
    if (result < 0) {
        for (unsigned i = 0; i < 2; i++)
            if (end[i] >= 0)
                close_end(&current->space->end[end[i]]);
        if (end[0] < 0) {
            frame_drop(pipe->page);
            pipe->page = 0;
        }
    }
    return result;
}

/* CALL_CLOSE */
long pipe_close(uint64_t fd) {
    if (fd >= current->space->ends || !current->space->end[fd].pipe)
        return -E_BADF;
    struct space *space = current->space;
    close_end(&space->end[fd]);
    while (space->ends && !space->end[space->ends - 1].pipe)
        space->ends--;
    return 0;
}

/* `part` bytes of a waiting writer are taken: it goes on when those were all. Returns whether it still waits. */
static int take(struct context *writer, uint64_t part, long bad) {
    writer->buffer += part;
    writer->length -= part;
    writer->moved += (long)part;
    if (!bad && writer->length)
        return 1;
    list_remove(&writer->queue);
    context_ready(writer, bad ? bad : writer->moved);
    return 0;
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* What waiting writers have into the page, as far as it goes. */
static void refill(struct pipe *pipe) {
    while (!list_empty(&pipe->writing) && pipe->end < PAGE) {
        struct context *writer = LIST_OWNER(pipe->writing.next, struct context, queue);
        uint64_t part = least(writer->length, PAGE - pipe->end);
        long bad = space_read(writer->space, writer->buffer, (char *)pipe->page + pipe->end, part);
        pipe->end += bad ? 0 : part;
        if (take(writer, part, bad))
            break;
    }
}

/* CALL_READ */
struct context *pipe_read(uint64_t fd, uint64_t into, uint64_t length) {
    struct pipe *pipe = pipe_of(fd, 0);
    current->result = pipe ? 0 : -E_BADF;
    if (!pipe || length == 0)
        return current;
    if (pipe->start == pipe->end) {
        if (pipe->writers == 0)
            return current;
        current->buffer = into;
        current->length = length;
        current->moved = 0;
        return context_wait(&pipe->reading);
    }
    uint64_t done = least(length, pipe->end - pipe->start);
    long bad = space_write(current->space, into, (const char *)pipe->page + pipe->start, done);
    pipe->start += done;
    while (!bad && done < length && !list_empty(&pipe->writing)) {
        struct context *writer = LIST_OWNER(pipe->writing.next, struct context, queue);
        uint64_t part = least(writer->length, length - done);
        bad = space_transfer(current->space, into + done, writer->space, writer->buffer, part);
        done += part;
        take(writer, part, bad);
    }
    if (pipe->start == pipe->end) {
        pipe->start = pipe->end = 0;
        refill(pipe);
    }
    current->result = bad ? bad : (long)done;
    return current;
}

/* CALL_WRITE */
struct context *pipe_write(uint64_t fd, uint64_t from, uint64_t length) {
    struct pipe *pipe = pipe_of(fd, 1);
    uint64_t done = 0;
    long bad = !pipe ? -E_BADF : pipe->readers == 0 ? -E_PIPE : 0;
    while (!bad && done < length && !list_empty(&pipe->reading)) {
        struct context *reader = LIST_OWNER(pipe->reading.next, struct context, queue);
        uint64_t part = least(reader->length, length - done);
        bad = space_transfer(reader->space, reader->buffer, current->space, from + done, part);
        done += part;
        list_remove(&reader->queue);
        context_ready(reader, bad ? bad : (long)part);
    }
    if (!bad && done < length && pipe->end < PAGE) {
        uint64_t part = least(length - done, PAGE - pipe->end);
        bad = space_read(current->space, from + done, (char *)pipe->page + pipe->end, part);
        pipe->end += bad ? 0 : part;
        done += part;
    }
    current->result = bad ? bad : (long)done;
    if (bad || done == length)
        return current;
    current->buffer = from + done;
    current->length = length - done;
    current->moved = (long)done;
    return context_wait(&pipe->writing);
}
