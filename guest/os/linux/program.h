/* Loading a program on Linux: this one again, with or without a copy of the process, or the system's shell. The child
 * inherits all descriptors, as after fork: none is closed. */
#ifndef FERRULE_LINUX_PROGRAM_H
#define FERRULE_LINUX_PROGRAM_H

__attribute__((noreturn)) static inline void linux_load(const char *path, const char *const *arguments) {
    static const char *const environment[] = {NULL};
    call3(CALL_EXECVE, (long)path, (long)arguments, (long)environment);
    os_exit(OS_NOT_EXECUTED);
}

__attribute__((noreturn)) static inline void linux_load_this(void *unused) {
    static const char *const arguments[] = {"payload", OS_LEAVE, NULL};
    (void)unused;
    linux_load("/proc/self/exe", arguments);
}

/* 0 in the copy, as fork(). */
static inline long linux_fork(struct os_process *process) {
    enum { SIGCHLD = 17 };
    long pid = call5(CALL_CLONE, SIGCHLD, 0, 0, 0, 0);
    process->pid = (int32_t)pid;
    return pid;
}

#define OS_HAS_EXECUTE
static inline long os_process_execute(struct os_process *process) {
    long pid = linux_fork(process);
    if (pid == 0)
        linux_load_this(NULL);
    return pid < 0 ? pid : 0;
}

#define OS_HAS_SPAWN /* as posix_spawn(3) of C libraries: in the caller's memory while it sleeps, on its own stack */
static inline long os_process_spawn(struct os_process *process) {
    enum { CLONE_VM = 0x100, CLONE_VFORK = 0x4000, SIGCHLD = 17 };
    char stack[4096] __attribute__((aligned(16)));
    long pid = call_clone_thread(CLONE_VM | CLONE_VFORK | SIGCHLD, stack + sizeof stack, NULL, linux_load_this, NULL);
    process->pid = (int32_t)pid;
    return pid < 0 ? pid : 0;
}

#define OS_HAS_SHELL
static inline long os_process_shell(struct os_process *process) {
    static const char *const arguments[] = {"sh", "-c", "exit 86", NULL};
    _Static_assert(OS_EXECUTED == 86, "what the shell is told to end with");
    long pid = linux_fork(process);
    if (pid == 0)
        linux_load("/bin/sh", arguments);
    return pid < 0 ? pid : 0;
}

#endif
