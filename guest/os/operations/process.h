/* Processes, and programs that are loaded into them. */
#ifndef FERRULE_OPERATIONS_PROCESS_H
#define FERRULE_OPERATIONS_PROCESS_H

/* --- processes: a new address space that starts as a copy of this one, runs entry(argument) and exits. OS_FORKS: it is
 * a whole copy, which may start others itself */
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

/* --- programs on a C library: a library tells the kernel of every thread it starts, and the kernel does its part at
 * each switch. os_library_enter() makes the calling thread such a one, with what it copies; os_library_leave() undoes
 * it */
#ifndef OS_HAS_LIBRARY
OS_MISSING(os_library_enter, void)
OS_MISSING(os_library_leave, void)
#endif

/* --- programs: a process that loads this program anew, which ends at once with status OS_EXECUTED (payload/main.c) */
#ifndef OS_HAS_EXECUTE
OS_MISSING(os_process_execute, struct os_process *process)
#endif
#ifndef OS_HAS_SPAWN /* the same without a copy of this process on the way (vfork, posix_spawn) */
OS_MISSING(os_process_spawn, struct os_process *process)
#endif
#ifndef OS_HAS_SHELL /* a process that loads the system's shell, which is told to end with status OS_EXECUTED */
OS_MISSING(os_process_shell, struct os_process *process)
#endif

/* --- control groups: two, 0 and 1, that share a CPU out between them, by whoever is in them */
#ifndef OS_HAS_CGROUP
OS_MISSING(os_cgroup_join, unsigned which)  /* the calling process; its copies are where it is */
OS_MISSING(os_cgroup_holds, unsigned which) /* whether it is in that one, and nobody else */
OS_MISSING(os_cgroup_leave, void)           /* back to where it was; both are gone */
#endif

#endif
