/* Linux: sleeping until a time, timers behind descriptors (timerfd_create(2)), and the policies of sched(7). */
#ifndef FERRULE_LINUX_TIMER_H
#define FERRULE_LINUX_TIMER_H

enum { LINUX_CLOCK_MONOTONIC = 1 };

static inline struct linux_time linux_time_of(uint64_t ns) {
    return (struct linux_time){(int64_t)(ns / 1000000000u), (int64_t)(ns % 1000000000u)};
}

#define OS_HAS_SLEEP_UNTIL
static inline long os_sleep_until(uint64_t ns) {
    enum { TIMER_ABSTIME = 1 };
    const struct linux_time moment = linux_time_of(ns);
    return call4(CALL_CLOCK_NANOSLEEP, LINUX_CLOCK_MONOTONIC, TIMER_ABSTIME, (long)&moment, 0);
}

#define OS_HAS_TIMER
struct os_timer {
    int fd;
};

static inline long os_timer_open(struct os_timer *timer) {
    long fd = call2(CALL_TIMERFD_CREATE, LINUX_CLOCK_MONOTONIC, 0);
    timer->fd = (int)fd;
    return fd;
}

static inline long os_timer_arm(const struct os_timer *timer, uint64_t ns) {
    const struct linux_time setting[2] = {{0, 0}, linux_time_of(ns)}; /* struct itimerspec: interval, value */
    return call4(CALL_TIMERFD_SETTIME, timer->fd, 0, (long)setting, 0);
}

static inline long os_timer_wait(const struct os_timer *timer) {
    uint64_t times = 0;
    long got = os_read(timer->fd, &times, sizeof times);
    return got < 0 ? got : (long)times;
}

static inline long os_timer_close(const struct os_timer *timer) {
    return os_close(timer->fd);
}

#define OS_HAS_POLICY
static inline long os_policy(unsigned policy) {
    enum { PRIORITY = 50 }; /* of a real-time thread; threads of the kernel's own that matter are at 50 or above */
    const int32_t priority = policy == OS_POLICY_OTHER ? 0 : PRIORITY;
    return call3(CALL_SCHED_SETSCHEDULER, 0, policy, (long)&priority);
}

#endif
