/* What start.c needs of contexts beyond os.h. */
#ifndef FERRULE_REDOX_CONTEXT_H
#define FERRULE_REDOX_CONTEXT_H

long redox_contexts_init(void);                               /* of the first program: 0, or a negative errno */
void redox_context_end(int status) __attribute__((noreturn)); /* of the calling process */
long redox_io_ports(void);                                    /* lets the calling context use I/O ports */
long redox_exception(void); /* kind of the one that ended the process joined last; -1: none did */

#endif
