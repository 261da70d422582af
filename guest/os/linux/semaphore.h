/* The kernel's own semaphores are those of System V (semop), one per set. The semaphore of a C library is built on a
 * futex. */
#ifndef FERRULE_LINUX_SEMAPHORE_H
#define FERRULE_LINUX_SEMAPHORE_H

#define OS_HAS_SEMAPHORE
struct os_semaphore {
    int32_t id;
};

static inline long linux_semaphore_add(const struct os_semaphore *semaphore, int16_t by) {
    const struct {
        uint16_t number;
        int16_t by, flags;
    } step = {0, by, 0};
    return call3(CALL_SEMOP, semaphore->id, (long)&step, 1);
}

static inline long os_semaphore_end(struct os_semaphore *semaphore) {
    enum { IPC_RMID = 0 };
    return call4(CALL_SEMCTL, semaphore->id, 0, IPC_RMID, 0);
}

static inline long os_semaphore_make(struct os_semaphore *semaphore, uint32_t count) {
    enum { IPC_PRIVATE = 0, OWNER = 0600, SETVAL = 16 };
    long id = call3(CALL_SEMGET, IPC_PRIVATE, 1, OWNER);
    semaphore->id = (int32_t)id;
    long set = id < 0 || !count ? id : call4(CALL_SEMCTL, id, 0, SETVAL, (long)count);
    if (set < 0 && id >= 0)
        os_semaphore_end(semaphore);
    return set < 0 ? set : 0;
}

static inline long os_semaphore_wait(struct os_semaphore *semaphore) {
    return linux_semaphore_add(semaphore, -1);
}

static inline long os_semaphore_post(struct os_semaphore *semaphore) {
    return linux_semaphore_add(semaphore, 1);
}

#endif
