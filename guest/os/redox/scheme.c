/* The serving side of a scheme: requests are read from its socket, answers written to it. */
#include "os/os.h"
#include "path.h"

enum { ROOT_NUMBER = 1, FILE_NUMBER = 2 };

/* In a userland the namespace has this right, for the administrator alone; before 2026-01 schemes were made in another
 * way. */
static long creation_right(void) {
    if (redox_start.bare)
        return (long)redox_root[ROOT_SCHEMES];
    return redox_start.era < ERA_2026_01 ? -OS_NOT_PORTED : os_open("/scheme/namespace/scheme-creation-cap", OS_READ);
}

/* The scheme serves the address space of the context that makes it. */
long os_scheme_make(struct os_scheme *scheme) {
    const struct redox_new_file root = {0, ROOT_NUMBER, READ_WRITE, 0, {0}};
    long right = creation_right(), socket = right < 0 ? right : REDOX_DUP(right, "create-scheme");
    if (!redox_start.bare && right >= 0)
        os_close((int)right);
    if (socket < 0)
        return socket;
    long file = redox_dup(socket, &root, sizeof root);
    if (file < 0) {
        os_close((int)socket);
        return file;
    }
    *scheme = (struct os_scheme){(int)socket, 0, 0};
    return file;
}

static long answer(struct os_scheme *scheme, uint32_t tag, long result) {
    const struct redox_answer answer = {0, {0}, tag, (uint64_t)result};
    return os_write(scheme->socket, &answer, sizeof answer);
}

/* Notifications get no answer: their tag belongs to no request, or to another one, which the answer would reach. */
static int wants_answer(const struct redox_request *request) {
    return request->operation != SCHEME_CLOSED && request->operation != SCHEME_DETACHED &&
           request->operation != SCHEME_CANCEL;
}

/* Calls are left to the caller of this function; the opening of a file is answered here. */
long os_scheme_serve(struct os_scheme *scheme, long result, struct os_request *next) {
    struct redox_request request;
    long done = scheme->waiting ? answer(scheme, scheme->tag, result) : 0;
    scheme->waiting = 0;
    while (done >= 0 && (done = os_read(scheme->socket, &request, sizeof request)) >= 0) {
        if (done != sizeof request)
            return -REDOX_EPIPE;
        if (!wants_answer(&request))
            continue;
        if (request.operation == SCHEME_CALL) {
            scheme->tag = request.tag;
            scheme->waiting = 1;
            next->bytes = (void *)request.argument[1];
            next->length = request.argument[2];
            return 0;
        }
        done = answer(scheme, request.tag, request.operation == SCHEME_OPEN_AT ? FILE_NUMBER : -OS_ENOSYS);
    }
    return done;
}

long os_scheme_end(struct os_scheme *scheme, long result) {
    long done = scheme->waiting ? answer(scheme, scheme->tag, result) : 0;
    long closed = os_close(scheme->socket);
    return done < 0 ? done : closed;
}
