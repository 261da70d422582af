/* Of ports whose kernels sleep for a time, not until a moment: what is left of it. */
#ifndef FERRULE_SLEEP_UNTIL_H
#define FERRULE_SLEEP_UNTIL_H

#define OS_HAS_SLEEP_UNTIL
static inline long os_sleep_until(uint64_t ns) {
    uint64_t now = os_clock_ns();
    return ns > now ? os_sleep(ns - now) : 0;
}

#endif
