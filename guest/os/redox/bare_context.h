/* Contexts under a bare kernel: what its first program also needs. */
#ifndef FERRULE_REDOX_BARE_CONTEXT_H
#define FERRULE_REDOX_BARE_CONTEXT_H

#include <stdint.h>

long redox_bare_init(void);      /* of the first program: 0, or a negative errno */
long redox_bare_ports(void);     /* lets the calling context use I/O ports */
long redox_bare_exception(void); /* the exception that ended the process waited for last; -1: none */

#endif
