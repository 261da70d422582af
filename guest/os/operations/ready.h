/* Readiness: which of many descriptors can be read. */
#ifndef FERRULE_OPERATIONS_READY_H
#define FERRULE_OPERATIONS_READY_H

#ifndef OS_HAS_POLL /* how many of the descriptors can be read now; each one's `ready` is set */
OS_MISSING(os_poll, struct os_poll *asked, uint32_t count)
#endif

#ifndef OS_HAS_EVENTFD /* a counter: a read of eight bytes takes all of it, and sleeps while it is 0 */
OS_MISSING(os_eventfd, uint64_t count)
#endif

/* --- event queues: sleep until one of many descriptors can be read (epoll and its like) */
#ifndef OS_HAS_EVENTS
OS_MISSING(os_events_open, void)
OS_MISSING(os_events_add, int queue, int fd)
OS_MISSING(os_events_wait, int queue) /* which one */
#endif

#ifndef OS_HAS_EVENTS_REMOVE
OS_MISSING(os_events_remove, int queue, int fd)
#endif
#ifndef OS_HAS_SELECT /* how many of the descriptors whose bits are set can be read now; the others' bits are cleared  \
                       */
OS_MISSING(os_select, uint64_t *set, uint32_t bits)
#endif
#ifndef OS_HAS_BYTES_WAITING /* how many bytes could be read from a descriptor (FIONREAD) */
OS_MISSING(os_bytes_waiting, int fd)
#endif

#endif
