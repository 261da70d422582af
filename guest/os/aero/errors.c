/* Aero's error numbers are its own: three as in C, then 1001 and on in alphabetical order, and a few after that. */
#include "errors.h"

#include <stdint.h>

enum { FIRST = 1001, UNKNOWN = 5 /* EIO */ };

/* Linux's number of FIRST, FIRST + 1 ...; 0 where Aero has none. */
static const uint8_t from_first[] = {
    7,  13,  98,  99,  97,  11, 114, 9,   74,  16,  125, 10,  103, 111, 104, /* E2BIG .. ECONNRESET */
    35, 89,  122, 17,  14,  27, 113, 43,  115, 4,   22,  5,   106, 21,  40,  /* EDEADLK .. ELOOP */
    24, 31,  0,   90,  72,  36, 100, 102, 101, 23,  105, 19,  2,   8,   37,  /* EMFILE .. ENOLCK */
    67, 12,  42,  92,  28,  38, 107, 20,  39,  131, 88,  95,  25,  6,   95,  /* ENOLINK .. EOPNOTSUPP */
    75, 130, 1,   32,  71,  93, 91,  30,  29,  3,   116, 110, 26,  0,   18,  /* EOVERFLOW .. EXDEV */
    61, 62,  126, 108, 112, 77, 123, 15,                                     /* ENODATA .. ENOTBLK */
};

long aero_errno(long error) {
    static const uint8_t of_c[] = {0, 33, 84, 34}; /* EDOM, EILSEQ, ERANGE */
    unsigned long number = 0 - (unsigned long)error;
    unsigned known = 0;
    if (number < sizeof of_c)
        known = of_c[number];
    else if (number - FIRST < sizeof from_first)
        known = from_first[number - FIRST];
    return -(long)(known ? known : UNKNOWN);
}
