/* Aero: queries of descriptors and paths, directories, and which descriptors are ready. */
#ifndef FERRULE_AERO_FILE_H
#define FERRULE_AERO_FILE_H

#define OS_HAS_POSITION
static inline long os_position(int fd) {
    return aero_result(call3(CALL_SEEK, fd, 0, AERO_SEEK_CURRENT));
}

#define OS_HAS_FLAGS
static inline long os_fd_flags(int fd) {
    return aero_result(call3(CALL_FCNTL, fd, AERO_GET_FLAGS, 0));
}

#define OS_HAS_DUP
static inline long os_dup(int fd) {
    return aero_result(call3(CALL_DUP, fd, 0, 0));
}

#define OS_HAS_OFFSETS /* two calls: there is none that does both */
static inline long aero_seek(int fd, uint64_t offset) {
    return aero_result(call3(CALL_SEEK, fd, (long)offset, AERO_SEEK_SET));
}

static inline long os_read_at(int fd, void *into, size_t length, uint64_t offset) {
    long there = aero_seek(fd, offset);
    return there < 0 ? there : os_read(fd, into, length);
}

static inline long os_write_at(int fd, const void *from, size_t length, uint64_t offset) {
    long there = aero_seek(fd, offset);
    return there < 0 ? there : os_write(fd, from, length);
}

#define OS_HAS_STATUS
static inline long os_status_of_path(const char *path) {
    int64_t status[AERO_STATUS_WORDS];
    long result = aero_result(call3(CALL_STAT, (long)path, (long)text_length(path), (long)status));
    return result < 0 ? result : (long)status[AERO_STATUS_LENGTH];
}

static inline long os_status_of_fd(int fd) {
    int64_t status[AERO_STATUS_WORDS];
    long result = aero_result(call6(CALL_FSTAT, fd, (long)"", 0, AERO_EMPTY_PATH, (long)status, 0));
    return result < 0 ? result : (long)status[AERO_STATUS_LENGTH];
}

#define OS_HAS_DIRECTORY
static inline long os_directory_make(const char *path) {
    return aero_result(call3(CALL_MKDIR, (long)path, (long)text_length(path), 0));
}

static inline long os_directory_remove(const char *path) {
    return aero_result(call3(CALL_RMDIR, (long)path, (long)text_length(path), 0));
}

static inline long os_directory_read(int fd, void *into, size_t size) {
    return aero_result(call3(CALL_GETDENTS, fd, (long)into, (long)size));
}

static inline long os_directory_rewind(int fd) {
    return aero_seek(fd, 0);
}

#define OS_HAS_FILE_LOCK
static inline long os_file_lock(int fd, int locked) {
    enum { TO_WRITE = 1, NONE = 2 };
    const struct aero_lock lock = {locked ? TO_WRITE : NONE, 0, 0, 0, 0};
    return aero_result(call3(CALL_FCNTL, fd, AERO_SET_LOCK, (long)&lock));
}

#define OS_HAS_BYTES_WAITING
static inline long os_bytes_waiting(int fd) {
    int32_t count = 0;
    long result = aero_result(call3(CALL_IOCTL, fd, AERO_BYTES_WAITING, (long)&count));
    return result < 0 ? result : count;
}

#define OS_HAS_POLL
static inline long os_poll(struct os_poll *asked, uint32_t count) {
    const struct aero_time at_once = {0, 0};
    enum { NO_SIGNALS = 0 };
    return aero_result(call6(CALL_POLL, (long)asked, (long)count, (long)&at_once, NO_SIGNALS, 0, 0));
}

#endif
