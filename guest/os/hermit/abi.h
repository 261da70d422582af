/* The functions of a libhermit.a that the port calls, their layouts and constants: README.md has source and date of
 * each. A system call is a call of one of them, by the System V ABI. Errors come back as negative errno, Linux's
 * numbers. */
#ifndef FERRULE_HERMIT_ABI_H
#define FERRULE_HERMIT_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef int32_t hermit_thread_id;

struct hermit_time { /* 16 bytes, but unlike Linux's the nanoseconds have 32 bits */
    int64_t seconds;
    int32_t nanoseconds;
};
_Static_assert(sizeof(struct hermit_time) == 16, "as the kernel lays it out");

enum { HERMIT_CLOCK_MONOTONIC = 4 };
enum { HERMIT_PRIORITY_NORMAL = 2 };
enum { HERMIT_FUTEX_RELATIVE = 1 };
enum { HERMIT_PROT_READ_WRITE = 3 };
enum { HERMIT_PROT_READ = 1 };
enum { HERMIT_SEEK_SET = 0, HERMIT_SEEK_CURRENT = 1, HERMIT_GET_FLAGS = 3 };
enum { HERMIT_BYTES_WAITING = 0x541B }; /* sys_ioctl: FIONREAD */
enum { HERMIT_O_RDONLY = 0, HERMIT_O_WRONLY = 1, HERMIT_O_RDWR = 2, HERMIT_O_CREAT = 0100 };

/* Only the length in a file's status is used: word 6 of 15. */
enum { HERMIT_STATUS_WORDS = 15, HERMIT_STATUS_LENGTH = 6 };

/* Ours: the kernel calls it when it is up, on a stack of 1 MiB. It must not return. */
__attribute__((noreturn)) void runtime_entry(int argc, char **argv, char **envp);

int32_t sys_getpid(void); /* 0 */
__attribute__((noreturn)) void sys_exit(int32_t status);

int64_t sys_read(int32_t fd, void *into, size_t length);
int64_t sys_write(int32_t fd, const void *from, size_t length);
int32_t sys_open(const char *path, int32_t flags, uint32_t mode);
int32_t sys_close(int32_t fd);
int32_t sys_unlink(const char *path);
int32_t sys_mkdir(const char *path, uint32_t mode);
int32_t sys_rmdir(const char *path);
int32_t sys_stat(const char *path, int64_t *status);
int32_t sys_fstat(int32_t fd, int64_t *status);
int64_t sys_lseek(int32_t fd, int64_t offset, int32_t from);
int32_t sys_fcntl(int32_t fd, int32_t command, int32_t argument);
int32_t sys_ioctl(int32_t fd, int32_t command, void *answer);
int32_t sys_dup(int32_t fd);
int64_t sys_getdents64(int32_t fd, void *into, size_t size); /* entries as Linux's */
int32_t sys_poll(void *asked, size_t count, int32_t milliseconds);
int32_t sys_eventfd(uint64_t count, int16_t flags);

int32_t sys_clock_gettime(int32_t clock, struct hermit_time *now);
uint16_t sys_get_processor_frequency(void); /* MHz */
size_t sys_get_processor_count(void);

/* The entry takes a word, a pointer here. The kernel makes the stack; below 32 KiB it takes 32. `core` < 0: any. */
hermit_thread_id sys_spawn2(void (*entry)(void *), void *argument, uint8_t priority, size_t stack, int64_t core);
int32_t sys_join(hermit_thread_id id);
void sys_yield(void);
void sys_block_current_task(void); /* takes effect at the next sys_yield() */
void sys_block_current_task_with_timeout(uint64_t milliseconds);
void sys_wakeup_task(hermit_thread_id id);

int32_t sys_futex_wait(uint32_t *word, uint32_t expected, const struct hermit_time *timeout, uint32_t flags);
int32_t sys_futex_wake(uint32_t *word, int32_t count);

int32_t sys_sem_init(void **semaphore, int32_t shared, uint32_t count); /* shared must be 0 */
int32_t sys_sem_destroy(void **semaphore);
int32_t sys_sem_post(void **semaphore);
int32_t sys_sem_timedwait(void **semaphore, const struct hermit_time *until); /* NULL: for ever */

int32_t sys_mmap(size_t length, uint32_t protection, void **at); /* these three: kernels with the feature `mman` */
int32_t sys_munmap(void *at, size_t length);
int32_t sys_mprotect(void *at, size_t length, uint32_t protection);
void *sys_malloc(size_t size, size_t alignment); /* NULL: none left */
void sys_free(void *at, size_t size, size_t alignment);

#endif
