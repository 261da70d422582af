/* Linux: queries of descriptors and paths, directories, and which descriptors are ready. */
#ifndef FERRULE_LINUX_DESCRIPTOR_H
#define FERRULE_LINUX_DESCRIPTOR_H

#define OS_HAS_POSITION
static inline long os_position(int fd) {
    enum { SEEK_CUR = 1 };
    return call3(CALL_LSEEK, fd, 0, SEEK_CUR);
}

#define OS_HAS_FLAGS
static inline long os_fd_flags(int fd) {
    enum { F_GETFL = 3 };
    return call3(CALL_FCNTL, fd, F_GETFL, 0);
}

#define OS_HAS_DUP
static inline long os_dup(int fd) {
    return call1(CALL_DUP, fd);
}

#define OS_HAS_OFFSETS
static inline long os_read_at(int fd, void *into, size_t length, uint64_t offset) {
    return call4(CALL_PREAD64, fd, (long)into, (long)length, (long)offset);
}

static inline long os_write_at(int fd, const void *from, size_t length, uint64_t offset) {
    return call4(CALL_PWRITE64, fd, (long)from, (long)length, (long)offset);
}

/* struct stat has its length at byte 48 on all three architectures (include/uapi/asm-generic/stat.h; x86's too). */
enum { LINUX_STAT_WORDS = 18, LINUX_STAT_LENGTH = 6 };

#define OS_HAS_STATUS
static inline long os_status_of_path(const char *path) {
    int64_t status[LINUX_STAT_WORDS];
    long result = call4(CALL_FSTATAT, LINUX_AT_FDCWD, (long)path, (long)status, 0);
    return result < 0 ? result : (long)status[LINUX_STAT_LENGTH];
}

static inline long os_status_of_fd(int fd) {
    int64_t status[LINUX_STAT_WORDS];
    long result = call2(CALL_FSTAT, fd, (long)status);
    return result < 0 ? result : (long)status[LINUX_STAT_LENGTH];
}

#define OS_HAS_DIRECTORY
static inline long os_directory_make(const char *path) {
    return call3(CALL_MKDIRAT, LINUX_AT_FDCWD, (long)path, 0700);
}

static inline long os_directory_remove(const char *path) {
    enum { AT_REMOVEDIR = 0x200 };
    return call3(CALL_UNLINKAT, LINUX_AT_FDCWD, (long)path, AT_REMOVEDIR);
}

static inline long os_directory_read(int fd, void *into, size_t size) {
    return call3(CALL_GETDENTS64, fd, (long)into, (long)size);
}

static inline long os_directory_rewind(int fd) {
    enum { SEEK_SET = 0 };
    return call3(CALL_LSEEK, fd, 0, SEEK_SET);
}

#define OS_HAS_POLL
static inline long os_poll(struct os_poll *asked, uint32_t count) {
    const struct linux_time at_once = {0, 0};
    return call5(CALL_PPOLL, (long)asked, count, (long)&at_once, 0, 0);
}

#define OS_HAS_EVENTFD
static inline long os_eventfd(uint64_t count) {
    return call2(CALL_EVENTFD2, (long)count, 0);
}

#define OS_HAS_EVENTS /* epoll, level-triggered */
static inline long os_events_open(void) {
    return call1(CALL_EPOLL_CREATE1, 0);
}

static inline long os_events_add(int queue, int fd) {
    enum { EPOLL_CTL_ADD = 1, EPOLLIN = 1 };
    const struct linux_event event = {EPOLLIN, (uint64_t)fd};
    return call4(CALL_EPOLL_CTL, queue, EPOLL_CTL_ADD, fd, (long)&event);
}

static inline long os_events_wait(int queue) {
    enum { FOR_EVER = -1 };
    struct linux_event event = {0, 0};
    long ready = call5(CALL_EPOLL_PWAIT, queue, (long)&event, 1, FOR_EVER, 0);
    return ready > 0 ? (long)event.data : ready;
}

#define OS_HAS_EVENTS_REMOVE
static inline long os_events_remove(int queue, int fd) {
    enum { EPOLL_CTL_DEL = 2 };
    return call4(CALL_EPOLL_CTL, queue, EPOLL_CTL_DEL, fd, 0);
}

#define OS_HAS_SELECT
static inline long os_select(uint64_t *set, uint32_t bits) {
    const struct linux_time at_once = {0, 0};
    return call6(CALL_PSELECT6, bits, (long)set, 0, 0, (long)&at_once, 0);
}

#define OS_HAS_BYTES_WAITING
static inline long os_bytes_waiting(int fd) {
    enum { FIONREAD = 0x541b };
    int32_t count = 0;
    long result = call3(CALL_IOCTL, fd, FIONREAD, (long)&count);
    return result < 0 ? result : count;
}

#define OS_HAS_FILE_LOCK
static inline long os_file_lock(int fd, int locked) {
    enum { LOCK_EX_AT_ONCE = 2 | 4, LOCK_UN = 8 };
    return call2(CALL_FLOCK, fd, locked ? LOCK_EX_AT_ONCE : LOCK_UN);
}

#endif
