/* Pipes and which of their ends are open: each address space has a table of them. */
#ifndef FERRULE_FLOOR_PIPE_END_H
#define FERRULE_FLOOR_PIPE_END_H

#include <stdint.h>
#include "list.h"

enum { SPACE_ENDS = 160 };

struct pipe {
    uint64_t readers, writers;    /* open ends */
    struct list reading, writing; /* waiting contexts; never in both, and never a reader while bytes are kept */
    uint64_t page;                /* 0: this one is free */
    uint64_t start, end;          /* the bytes kept */
};

struct pipe_end {
    struct pipe *pipe;
    int writes;
};

struct pipe_ends {
    uint64_t count; /* those from here on are not open */
    struct pipe_end end[SPACE_ENDS];
};

long pipe_end_open(struct pipe_ends *ends, struct pipe *pipe, int writes); /* its number, or a negative error */
void pipe_end_close(struct pipe_end *end);
void pipe_ends_copy(struct pipe_ends *into, const struct pipe_ends *from);
void pipe_ends_drop(struct pipe_ends *ends);

#endif
