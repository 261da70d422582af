/* A scheme and its server: a thread of this process (space=0) or a process of its own (space=1). The server makes the
 * scheme, because a scheme belongs to the address space that makes it, and sends its root descriptor through a pipe. */
#ifndef FERRULE_SCHEME_H
#define FERRULE_SCHEME_H

#include "workloads/peer.h"

/* Words of the shared page: whether calls are counted and their bytes added up, the count, the sum, whether the next
 * call is the last. */
enum { SCHEME_CHECK, SCHEME_CALLS, SCHEME_SUM, SCHEME_STOP };

struct served {
    int pipe[2], root;
    int own_space, started;
    struct os_thread thread;
    struct os_process process;
};

/* Answers with the request's length, and adds 1 to its first byte, which shows that it has seen the caller's bytes. */
static void scheme_answer(struct run *run, struct served *served) {
    volatile uint64_t *word = run->shared->word;
    struct os_scheme scheme;
    struct os_request request;
    long done = os_scheme_make(&scheme);
    if (done >= 0)
        done = os_fd_send(served->pipe[1], (int)done);
    pipe_close_end(&served->pipe[1]);
    for (long answer = 0; done >= 0 && (done = os_scheme_serve(&scheme, answer, &request)) >= 0;) {
        volatile unsigned char *bytes = request.bytes;
        if (word[SCHEME_CHECK]) {
            word[SCHEME_CALLS]++;
            for (size_t i = 0; i < request.length; i++)
                word[SCHEME_SUM] += bytes[i];
        }
        if (request.length)
            bytes[0]++;
        if (word[SCHEME_STOP]) {
            os_scheme_end(&scheme, 0);
            break;
        }
        answer = (long)request.length;
    }
}

/* entry(run) must call scheme_answer(). */
static inline long scheme_start(struct run *run, struct served *served, os_entry entry, void *stack, size_t size) {
    long asked = os_scheme_call(-1, NULL, 0); /* refused as a bad descriptor, where there is such a call */
    if (asked == -OS_ENOSYS || asked == -OS_NOT_PORTED)
        TRY(run, os_scheme_call(-1, NULL, 0));
    TRY(run, os_pipe(served->pipe));
    if (served->own_space) {
        TRY(run, os_process_start(&served->process, entry, run));
        pipe_close_end(&served->pipe[1]);
    } else {
        TRY(run, os_thread_start(&served->thread, entry, run, stack, size));
    }
    served->started = 1;
    TRY_FD(run, served->root, os_fd_receive(served->pipe[0]));
    return 0;
}

/* Safe also after a start that stopped half-way. `file` is an open file of the scheme, or 0. */
static inline void scheme_end(struct run *run, struct served *served, int file) {
    run->shared->word[SCHEME_STOP] = 1;
    if (file > 0)
        os_scheme_call(file, NULL, 0);
    pipe_close_end(&file);
    pipe_close_end(&served->root);
    pipe_close_end(&served->pipe[0]);
    if (served->started && served->own_space)
        os_process_join(&served->process);
    else if (served->started)
        os_thread_join(&served->thread);
    pipe_close_end(&served->pipe[1]);
}

#endif
