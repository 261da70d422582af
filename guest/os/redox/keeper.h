/* Who keeps contexts, and what a new one is given. */
#ifndef FERRULE_REDOX_KEEPER_H
#define FERRULE_REDOX_KEEPER_H

#include "os/os.h"

/* What a new context finds on its stack. */
struct redox_begin {
    void (*entry)(void *);
    void *argument;
    long self;                /* descriptor of the context in itself */
    long process;             /* of a new process that a daemon keeps; else -1 */
    long files;               /* came along with the copy that was made of it; -1: no copy was made */
    struct os_thread *thread; /* one that is to be told of its end */
};

/* Who keeps contexts: nobody under a bare kernel (bare_context.c), a daemon in a userland (process.c). */
struct redox_keeper {
    long (*thread)(void);                    /* a new one, not started yet: its descriptor */
    long (*process)(volatile long *process); /* the same for a new process, and its own, if it has one */
    void (*born)(void);                      /* in a new process: what is its parent's goes */
    void (*end)(const struct redox_begin *begin) __attribute__((noreturn));
    long (*join)(struct os_thread *thread);
    void (*exit)(int status) __attribute__((noreturn));
    long (*wait)(long context); /* of a process: exit status, or 128 + what ended it */
    long (*kill)(long context);
};
extern const struct redox_keeper redox_nobody, redox_daemon;

#endif
