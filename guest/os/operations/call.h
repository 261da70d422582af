/* Entering the kernel, and asking it who the caller is. */
#ifndef FERRULE_OPERATIONS_CALL_H
#define FERRULE_OPERATIONS_CALL_H

#ifndef OS_HAS_NULL_CALL /* the cheapest call that really enters the kernel and looks at no argument */
OS_MISSING(os_null_call, void)
#endif
#ifndef OS_HAS_INVALID_CALL /* a call number that does not exist; the answer must be an error */
OS_MISSING(os_invalid_call, void)
#endif
#ifndef OS_HAS_PARENT /* the parent's id, from the kernel or daemon that keeps processes, never cached */
OS_MISSING(os_parent, void)
#endif
#ifndef OS_BAD_OFFSET /* the errno of a mapping at an offset that is not page-aligned: EINVAL */
#define OS_BAD_OFFSET OS_EINVAL
#endif
#ifndef OS_HAS_SIX_ARGUMENTS /* a call of six arguments that the kernel refuses because of the last, unless it is 0 */
OS_MISSING(os_six_arguments, long last)
#endif
/* Filters this thread's calls until it ends: allows all but the invalid call, which gets EPERM (seccomp). */
#ifndef OS_HAS_CALL_FILTER
OS_MISSING(os_call_filter, void)
#endif
#ifndef OS_HAS_SYSTEM_NAME /* a small struct copied out, some hundred bytes of names: uname */
OS_MISSING(os_system_name, char name[OS_SYSTEM_NAME])
#endif
#ifndef OS_HAS_KERNEL_ENTRY /* the counter when the kernel was entered, where our loader read it; 0: unknown */
static inline uint64_t os_kernel_entered(void) {
    return 0;
}
#endif
#ifndef OS_SERVED_SWITCHES /* context switches of a call on processes and devices: 2 where a daemon answers it */
#define OS_SERVED_SWITCHES 0
#endif

#endif
