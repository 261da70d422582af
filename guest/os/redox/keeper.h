/* The keeper: what makes, joins and ends contexts; and what a new one is given. */
#ifndef FERRULE_REDOX_KEEPER_H
#define FERRULE_REDOX_KEEPER_H

#include "os/os.h"

/* What a new context finds on its stack. */
struct redox_begin {
    void (*entry)(void *);
    void *argument;
    long self;                /* descriptor of the context in itself */
    long process;             /* of a new process that a daemon keeps; else -1 */
    long files;               /* the table of descriptors, of which a copy was made; -1: no copy was made */
    struct os_thread *thread; /* in a userland: where its end is reported */
};

/* Under a bare kernel the program itself (redox_nobody, bare_context.c), in a userland a daemon (redox_daemon,
 * process.c). */
struct redox_keeper {
    long (*thread)(void);                    /* a new one, not started yet: its descriptor */
    long (*process)(volatile long *process); /* the same for a new process; *process: the process's own, if any */
    void (*born)(void);                      /* in a new process: closes what belongs to its parent */
    void (*end)(const struct redox_begin *begin) __attribute__((noreturn));
    long (*join)(struct os_thread *thread);
    void (*exit)(int status) __attribute__((noreturn));
    long (*wait)(long context); /* of a process: exit status, or 128 + what ended it */
    long (*kill)(long context);
};
extern const struct redox_keeper redox_nobody, redox_daemon;

#endif
