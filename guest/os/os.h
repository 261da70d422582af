/* The operations that a port may provide: one header for each kind, in operations/. Each port has its own `port.h`
 * (guest/os/<os>/, on the include path): it defines OS_NAME, OS_ARCH, the operations as `static inline` functions, and
 * OS_HAS_<OPERATION> for each one that it has. One that it leaves out returns -OS_NOT_PORTED: the kernel was not asked.
 * Where the OS has no such thing at all, the port names the operation in OS_ABSENT.
 *
 * Results: >= 0, or a negative errno (Linux's numbers, which Redox shares and Aero does not: its port translates). */
#ifndef FERRULE_OS_H
#define FERRULE_OS_H

#include <stddef.h>
#include <stdint.h>

#include "operations/types.h"

/* --- the payload itself needs these of every port, and of its port.h
 * uint64_t os_clock_ns(void)   the OS's own monotonic clock
 * noreturn void os_exit(int status) */
void os_output(const char *bytes, size_t length); /* results, all of them, in order */
void os_complain(const char *text);               /* a line for people, outside the stream (stderr) */
/* Conditions worth knowing: kernel.release, cpu.model ... */
void os_facts(void (*fact)(void *, const char *name, const char *value), void *context);

#include "port.h"

/* What the start code calls: its result is the exit status. */
int program_main(int argc, char **argv);

#ifndef OS_HAS_REFUSAL /* why this kernel is not supported, or NULL; reported in the stream, nothing is run */
static inline const char *os_refusal(void) {
    return NULL;
}
#endif

#ifndef OS_ABSENT /* operations that have no meaning on this OS, separated by spaces: "os_pipe os_process_start" */
#define OS_ABSENT ""
#endif

#ifndef OS_HAS_ABSENT_HERE /* the same, for the way in which the program was started */
static inline const char *os_absent_here(void) {
    return "";
}
#endif

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter" /* a missing operation uses no argument */
#define OS_MISSING(name, ...)                                                                                          \
    static inline long name(__VA_ARGS__) {                                                                             \
        return -OS_NOT_PORTED;                                                                                         \
    }

#include "operations/call.h"
#include "operations/file.h"
#include "operations/ready.h"
#include "operations/stream.h"
#include "operations/socket.h"
#include "operations/thread.h"
#include "operations/process.h"
#include "operations/signal.h"
#include "operations/wait.h"
#include "operations/message.h"
#include "operations/memory.h"
#include "operations/schedule.h"
#include "operations/time.h"

#pragma GCC diagnostic pop

#endif
