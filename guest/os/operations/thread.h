/* Threads, and threads that hand over to each other. */
#ifndef FERRULE_OPERATIONS_THREAD_H
#define FERRULE_OPERATIONS_THREAD_H

/* --- threads: same address space. The caller provides `stack`, for kernels that make none themselves; the port defines
 * struct os_thread */
#ifndef OS_HAS_THREAD
struct os_thread {
    int unused;
};
OS_MISSING(os_thread_start, struct os_thread *thread, os_entry entry, void *argument, void *stack, size_t size)
OS_MISSING(os_thread_join, struct os_thread *thread)
#endif

#ifndef OS_HAS_YIELD /* another thread of this core may run; kernels without preemption give strict turns */
OS_MISSING(os_yield, void)
#endif
#ifndef OS_HAS_BLOCK /* hand-off by name: the caller sleeps until another thread wakes it; threads share one core */
OS_MISSING(os_block, void)
OS_MISSING(os_unblock, const struct os_thread *thread)
OS_MISSING(os_main_thread, struct os_thread *thread) /* the one that program_main() runs on */
#endif

#endif
