/* Scheduling of ports whose threads always run on the first CPU. */
#ifndef FERRULE_ONE_CPU_H
#define FERRULE_ONE_CPU_H

#define OS_HAS_PIN
static inline long os_pin(unsigned cpu) {
    return cpu == 0 ? 0 : -OS_EINVAL;
}

static inline long os_unpin(void) {
    return 0;
}

#define OS_HAS_CPU
static inline long os_cpu(void) {
    return 0;
}

#endif
