/* Entering the kernel, and asking it who the caller is. */
#ifndef FERRULE_OPERATIONS_CALL_H
#define FERRULE_OPERATIONS_CALL_H

#ifndef OS_HAS_NULL_CALL /* the cheapest call that really enters the kernel and looks at no argument */
OS_MISSING(os_null_call, void)
#endif
#ifndef OS_HAS_INVALID_CALL /* a call number that does not exist; the answer must be an error */
OS_MISSING(os_invalid_call, void)
#endif
#ifndef OS_HAS_PARENT /* the parent process's number, from whoever keeps processes: no cache of the program's own */
OS_MISSING(os_parent, void)
#endif
#ifndef OS_BAD_OFFSET /* the errno of a mapping at an offset that is none of a page: EINVAL */
#define OS_BAD_OFFSET OS_EINVAL
#endif
#ifndef OS_HAS_SIX_ARGUMENTS /* a call of six arguments that the kernel refuses for the last one, unless that is 0 */
OS_MISSING(os_six_arguments, long last)
#endif
/* A filter of this thread's calls until it ends: all may be done but the invalid one, which gets EPERM (seccomp). */
#ifndef OS_HAS_CALL_FILTER
OS_MISSING(os_call_filter, void)
#endif
#ifndef OS_HAS_SYSTEM_NAME /* a small struct copied out, some hundred bytes of names: uname */
OS_MISSING(os_system_name, char name[OS_SYSTEM_NAME])
#endif
#ifndef OS_HAS_KERNEL_ENTRY /* the counter when the kernel was entered, where we could read it; 0: nobody did */
static inline uint64_t os_kernel_entered(void) {
    return 0;
}
#endif
#ifndef OS_SERVED_SWITCHES /* context switches of a call on processes and devices: 2 where a daemon answers it */
#define OS_SERVED_SWITCHES 0
#endif

#endif
