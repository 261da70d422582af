/* The outcome of a run: filled in while nothing is written, reported when the run is over. */
#ifndef FERRULE_PAYLOAD_OUTCOME_H
#define FERRULE_PAYLOAD_OUTCOME_H

#include <stdint.h>

#include "core/hist.h"

enum { PAYLOAD_BATCHES = 4096 }; /* of one run, warm-up included */

/* Why there is no number. Unsupported: the kernel was asked and refused. Not ported: the port has no such call. Absent:
 * the OS has no such thing. Wrong: verify saw something else happen. Failed: an operation went wrong while it was
 * timed. */
enum status { STATUS_OK, STATUS_UNSUPPORTED, STATUS_NOT_PORTED, STATUS_ABSENT, STATUS_WRONG, STATUS_FAILED };

struct outcome {
    enum status status;
    const char *operation; /* status other than ok: what could not be done, up to its '(' */
    long error;            /* errno; 0: not an error of the OS */
    const char *seen;
    uint64_t failed;    /* operations that went wrong */
    long second_pinned; /* negative errno: the pin to the second CPU was refused, and the run was not pinned */
    int prepared;       /* setup and verify succeeded: a `ready` record is sent */
    uint64_t n;
    uint64_t ran;     /* operations that a batch really ran: not n where a slowdown was injected */
    uint32_t batches; /* taken, warm-up included */
    uint32_t warm;    /* how many of them, the first ones, are warm-up */
    int switches_known;
    uint64_t voluntary, involuntary;
    uint64_t ticks[PAYLOAD_BATCHES];
    uint64_t pace[PAYLOAD_BATCHES + 1]; /* timing_pace() before each batch and after the last */
    long cpu[2][PAYLOAD_BATCHES];       /* of each end; negative: not known */
    struct hist hist;
};

enum { OPERATION_NAME = 64 };
/* The name of the operation in a call's text: `os_open` of "fd = os_open(path, OS_READ)". */
void operation_name(char name[OPERATION_NAME], const char *call);

#endif
