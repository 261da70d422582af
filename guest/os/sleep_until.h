/* For ports whose kernels sleep for a duration, not until a time: sleeps for what is left. */
#ifndef FERRULE_SLEEP_UNTIL_H
#define FERRULE_SLEEP_UNTIL_H

#define OS_HAS_SLEEP_UNTIL
static inline long os_sleep_until(uint64_t ns) {
    uint64_t now = os_clock_ns();
    return ns > now ? os_sleep(ns - now) : 0;
}

#endif
