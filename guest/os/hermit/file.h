/* Hermit: queries of descriptors and paths, directories, and which descriptors are ready. */
#ifndef FERRULE_HERMIT_FILE_H
#define FERRULE_HERMIT_FILE_H

#define OS_HAS_POSITION
static inline long os_position(int fd) {
    return (long)sys_lseek(fd, 0, HERMIT_SEEK_CURRENT);
}

#define OS_HAS_FLAGS
static inline long os_fd_flags(int fd) {
    return sys_fcntl(fd, HERMIT_GET_FLAGS, 0);
}

#define OS_HAS_BYTES_WAITING
static inline long os_bytes_waiting(int fd) {
    int32_t count = 0;
    long result = sys_ioctl(fd, HERMIT_BYTES_WAITING, &count);
    return result < 0 ? result : count;
}

#define OS_HAS_DUP
static inline long os_dup(int fd) {
    return sys_dup(fd);
}

#define OS_HAS_OFFSETS /* two calls: there is none that does both */
static inline long os_read_at(int fd, void *into, size_t length, uint64_t offset) {
    long there = (long)sys_lseek(fd, (int64_t)offset, HERMIT_SEEK_SET);
    return there < 0 ? there : sys_read(fd, into, length);
}

static inline long os_write_at(int fd, const void *from, size_t length, uint64_t offset) {
    long there = (long)sys_lseek(fd, (int64_t)offset, HERMIT_SEEK_SET);
    return there < 0 ? there : sys_write(fd, from, length);
}

#define OS_HAS_STATUS
static inline long os_status_of_path(const char *path) {
    int64_t status[HERMIT_STATUS_WORDS];
    long result = sys_stat(path, status);
    return result < 0 ? result : (long)status[HERMIT_STATUS_LENGTH];
}

static inline long os_status_of_fd(int fd) {
    int64_t status[HERMIT_STATUS_WORDS];
    long result = sys_fstat(fd, status);
    return result < 0 ? result : (long)status[HERMIT_STATUS_LENGTH];
}

#define OS_HAS_DIRECTORY
static inline long os_directory_make(const char *path) {
    return sys_mkdir(path, 0700);
}

static inline long os_directory_remove(const char *path) {
    return sys_rmdir(path);
}

static inline long os_directory_read(int fd, void *into, size_t size) {
    return (long)sys_getdents64(fd, into, size);
}

static inline long os_directory_rewind(int fd) {
    return (long)sys_lseek(fd, 0, HERMIT_SEEK_SET);
}

#define OS_HAS_POLL
static inline long os_poll(struct os_poll *asked, uint32_t count) {
    enum { AT_ONCE = 0 };
    return sys_poll(asked, count, AT_ONCE);
}

#endif
