/* Pipes of the simplest kind: bytes go straight into the buffer of a reader that waits; without one they are kept in a
 * page, and a writer that does not get all of its bytes in waits until readers have taken them. */
#include "context.h"
#include "errors.h"
#include "frame.h"
#include "pipe_end.h"
#include "process.h"
#include "space.h"

enum { PIPES = 80 };

static struct pipe pipes[PIPES];

static struct pipe *pipe_of(uint64_t fd, int writes) {
    struct pipe_end *end = fd < current->space->ends.count ? &current->space->ends.end[fd] : NULL;
    return end && end->pipe && end->writes == writes ? end->pipe : NULL;
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
    end[0] = (int)pipe_end_open(&current->space->ends, pipe, 0);
    end[1] = end[0] < 0 ? -E_NFILE : (int)pipe_end_open(&current->space->ends, pipe, 1);
    long result = end[1] < 0 ? -E_NFILE : space_write(current->space, user_ends, (const char *)end, sizeof end);
    if (result < 0) {
        for (unsigned i = 0; i < 2; i++)
            if (end[i] >= 0)
                pipe_end_close(&current->space->ends.end[end[i]]);
        if (end[0] < 0) {
            frame_drop(pipe->page);
            pipe->page = 0;
        }
    }
    return result;
}

/* CALL_CLOSE */
long pipe_close(uint64_t fd) {
    if (fd >= current->space->ends.count || !current->space->ends.end[fd].pipe)
        return -E_BADF;
    struct pipe_ends *ends = &current->space->ends;
    pipe_end_close(&ends->end[fd]);
    while (ends->count && !ends->end[ends->count - 1].pipe)
        ends->count--;
    return 0;
}

/* Takes `part` bytes from a waiting writer, which becomes ready when no bytes are left. Returns whether it still
 * waits. */
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

/* Moves the bytes of waiting writers into the page, as many as fit. */
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
