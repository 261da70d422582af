/* Finds the era of the kernel's calls by probing. */
#include "era.h"

#include "call.h"

uint64_t redox_kernel_entered;
struct redox_start redox_start = {ERA_UNKNOWN, 0, -1, -1, -1};

/* A call that exists refuses descriptor -1 with EBADF. */
enum redox_era redox_era_probe(void) {
    long seen = redox_call6(CALL_OPENAT_INTO, -1, (long)"", 0, 0, 0, 0);
    if (seen != -REDOX_ENOSYS)
        return seen == -REDOX_EBADF ? ERA_2026_07 : ERA_UNKNOWN;
    seen = redox_call5(CALL_OPENAT, -1, (long)"", 0, 0, 0);
    if (seen == -REDOX_EBADF)
        return redox_call3(CALL_OPEN, (long)"", 0, 0) == -REDOX_ENOSYS ? ERA_2026_01 : ERA_2025_07;
    if (seen != -REDOX_ENOSYS)
        return ERA_UNKNOWN;
    return redox_call0(CALL_GETPID) == -REDOX_ENOSYS ? ERA_2025_04 : ERA_2022_11;
}
