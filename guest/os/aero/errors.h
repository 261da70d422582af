/* Aero's error numbers. */
#ifndef FERRULE_AERO_ERRORS_H
#define FERRULE_AERO_ERRORS_H

/* A result below 0 as Linux's. */
long aero_errno(long error);

#endif
