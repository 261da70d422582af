/* Processes, and programs that are loaded into them. */
#ifndef FERRULE_OPERATIONS_PROCESS_H
#define FERRULE_OPERATIONS_PROCESS_H

/* --- processes: a new address space that starts as a copy of this one, runs entry(argument) and exits. OS_FORKS: it is
 * a complete copy, which may start processes itself */
#ifndef OS_FORKS
#define OS_FORKS 0
#endif
#ifndef OS_HAS_PROCESS
struct os_process {
    int unused;
};
OS_MISSING(os_process_start, struct os_process *process, os_entry entry, void *argument)
OS_MISSING(os_process_join, struct os_process *process) /* its exit status: 0 when entry returned */
OS_MISSING(os_process_kill, struct os_process *process) /* and reap */
#endif

/* --- programs on a C library: a library registers every thread it starts with the kernel, which then does extra work
 * at each switch. os_library_enter() registers the calling thread, and copies of it; os_library_leave() undoes it */
#ifndef OS_HAS_LIBRARY
OS_MISSING(os_library_enter, void)
OS_MISSING(os_library_leave, void)
#endif

/* --- programs: a process that loads this program again, which ends at once with status OS_EXECUTED (payload/main.c) */
#ifndef OS_HAS_EXECUTE
OS_MISSING(os_process_execute, struct os_process *process)
#endif
#ifndef OS_HAS_SPAWN /* the same without a copy of this process on the way (vfork, posix_spawn) */
OS_MISSING(os_process_spawn, struct os_process *process)
#endif
#ifndef OS_HAS_SHELL /* a process that loads the system's shell, which ends with status OS_EXECUTED */
OS_MISSING(os_process_shell, struct os_process *process)
#endif

/* --- control groups: two, 0 and 1, between which the scheduler divides a CPU */
#ifndef OS_HAS_CGROUP
OS_MISSING(os_cgroup_join, unsigned which)  /* the calling process; its copies start in the same group */
OS_MISSING(os_cgroup_holds, unsigned which) /* whether it is in that group, and alone */
OS_MISSING(os_cgroup_leave, void)           /* back to its former group; removes both */
#endif

#endif
