/* The errors that calls return: Linux's numbers, negated. */
#ifndef FERRULE_FLOOR_ERRORS_H
#define FERRULE_FLOOR_ERRORS_H

enum { E_BADF = 9, E_CHILD = 10, E_AGAIN = 11, E_NOMEM = 12, E_FAULT = 14, E_NODEV = 19 };
enum { E_INVAL = 22, E_NFILE = 23, E_PIPE = 32, E_TIMEDOUT = 110 };

#endif
