/* Messages between processes, in registers or copied; schemes. */
#ifndef FERRULE_OPERATIONS_MESSAGE_H
#define FERRULE_OPERATIONS_MESSAGE_H

/* --- messages in registers, where a kernel has them: the server runs on the caller's time */
#ifndef OS_HAS_IPC
OS_MISSING(os_ipc_call, const struct os_process *server, long message) /* sleeps until answered; returns the answer */
OS_MISSING(os_ipc_serve, long reply) /* answers the last caller, if any, sleeps until the next; returns its message */
#endif

/* --- messages to a process: copied, and queued at it until it receives them */
#ifndef OS_HAS_MESSAGE
OS_MISSING(os_message_address, const struct os_process *process)
OS_MISSING(os_message_send, long address, const void *bytes, size_t length)
OS_MISSING(os_message_receive, long *sender, void *into, size_t size) /* sleeps until one comes; returns its length */
#endif

/* --- schemes: one context answers calls that others make on descriptors that it made (Redox) */
#ifndef OS_HAS_SCHEME
struct os_scheme {
    int unused;
};
OS_MISSING(os_scheme_make, struct os_scheme *scheme) /* serves the caller's address space; its root's descriptor */
OS_MISSING(os_scheme_serve, struct os_scheme *scheme, long answer, struct os_request *next) /* as os_ipc_serve */
OS_MISSING(os_scheme_end, struct os_scheme *scheme, long answer) /* answers the last caller, then serves no more */
OS_MISSING(os_scheme_open, int root)                             /* opens a file of the scheme: asks the server */
OS_MISSING(os_scheme_call, int fd, void *bytes, size_t length)   /* the server reads and writes the bytes in place */
#endif

/* --- message queues of the kernel: each holds a few messages of up to 4096 bytes; end[0] receives, end[1] sends; a
 * receiver is not notified when all senders have gone */
#ifndef OS_HAS_QUEUE
OS_MISSING(os_queue_pair, int end[2])
OS_MISSING(os_queue_send, int queue, const void *bytes, size_t length)
OS_MISSING(os_queue_receive, int queue, void *into, size_t size)
#endif

#endif
