/* Guard for workloads that stop a whole machine: they act only in a guest booted for it, whose kernel command line
 * has ferrule.faults=1. On any other machine the workload is refused. */
#ifndef FERRULE_GUARD_H
#define FERRULE_GUARD_H

#include "workloads/workload.h"

static inline long guard(struct run *run) {
    static const char wanted[] = "ferrule.faults=1";
    static char text[4096];
    long fd, length;
    TRY(run, fd = os_open("/proc/cmdline", OS_READ));
    length = os_read((int)fd, text, sizeof text - 1);
    os_close((int)fd);
    for (long at = 0; at + (long)sizeof wanted - 1 <= length; at++) {
        char before = at ? text[at - 1] : ' ', after = text[at + (long)sizeof wanted - 1];
        int word = before == ' ' && (after == ' ' || after == '\n' || after == 0);
        if (word && memcmp(text + at, wanted, sizeof wanted - 1) == 0)
            return 0;
    }
    return REFUSE(run, "ferrule.faults", "a guest whose kernel command line says ferrule.faults=1");
}

#endif
