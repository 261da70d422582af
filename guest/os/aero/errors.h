/* Aero's error numbers. */
#ifndef FERRULE_AERO_ERRORS_H
#define FERRULE_AERO_ERRORS_H

/* Translates a negative result to Linux's negative errno. */
long aero_errno(long error);

#endif
