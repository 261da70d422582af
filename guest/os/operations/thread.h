/* Threads, and threads that hand over to each other. */
#ifndef FERRULE_OPERATIONS_THREAD_H
#define FERRULE_OPERATIONS_THREAD_H

/* --- threads: same address space. `stack` is the caller's, for kernels that make none themselves; struct os_thread is
 * the port's */
#ifndef OS_HAS_THREAD
struct os_thread {
    int unused;
};
OS_MISSING(os_thread_start, struct os_thread *thread, os_entry entry, void *argument, void *stack, size_t size)
OS_MISSING(os_thread_join, struct os_thread *thread)
#endif

/* --- threads that take strict turns, as kernels without preemption have them: the next ready thread of this core runs,
 * and the caller goes on when all of them have had their turn */
#ifndef OS_STRICT_TURNS /* 1: they do; 0: the scheduler chooses who runs next, and may choose the caller */
#define OS_STRICT_TURNS 0
#endif
#ifndef OS_HAS_YIELD
OS_MISSING(os_yield, void)
#endif
#ifndef OS_HAS_BLOCK /* hand-off by name: the caller sleeps until another thread wakes it; threads share one core */
OS_MISSING(os_block, void)
OS_MISSING(os_unblock, const struct os_thread *thread)
OS_MISSING(os_main_thread, struct os_thread *thread) /* the one that program_main() runs on */
#endif

#endif
