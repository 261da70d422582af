/* A filter of system calls on Linux (seccomp(2)): a program for the classic BPF machine that the kernel runs ahead of a
 * thread's calls. This one is built as the sandboxes of C programs are: a list of numbers, compared one after the
 * other. */
#ifndef FERRULE_LINUX_FILTER_H
#define FERRULE_LINUX_FILTER_H

struct linux_filter_step { /* struct sock_filter */
    uint16_t code;
    uint8_t when, else_;
    uint32_t value;
};

#define OS_HAS_CALL_FILTER
static inline long os_call_filter(void) {
    enum { LOAD_WORD = 0x20, EQUALS = 0x15, RETURN = 0x06, ALLOW = 0x7fff0000, ERRNO = 0x00050000 };
    enum { PR_SET_NO_NEW_PRIVS = 38, SECCOMP_SET_MODE_FILTER = 1 };
    static const struct linux_filter_step steps[] = {
        {LOAD_WORD, 0, 0, 0}, /* the call's number */
        {EQUALS, 0, 1, LINUX_INVALID_CALL},
        {RETURN, 0, 0, ERRNO | OS_EPERM},
        {RETURN, 0, 0, ALLOW},
    };
    const struct {
        uint16_t count;
        const struct linux_filter_step *steps;
    } program = {sizeof steps / sizeof *steps, steps};
    long result = call5(CALL_PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return result < 0 ? result : call3(CALL_SECCOMP, SECCOMP_SET_MODE_FILTER, 0, (long)&program);
}

#endif
