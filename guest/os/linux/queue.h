/* Named pipes and POSIX message queues (mq_overview(7)) on Linux. */
#ifndef FERRULE_LINUX_QUEUE_H
#define FERRULE_LINUX_QUEUE_H

#define OS_HAS_FIFO
static inline long os_fifo(const char *path) {
    enum { S_IFIFO = 010000, OWNER = 0600 };
    return call4(CALL_MKNODAT, LINUX_AT_FDCWD, (long)path, S_IFIFO | OWNER, 0);
}

/* A queue has a name, which is unlinked when both ends are open. It holds eight messages: ten are allowed without
 * privilege. */
#define OS_HAS_QUEUE
static inline long os_queue_pair(int end[2]) {
    enum { O_RDONLY = 0, O_WRONLY = 1, O_CREAT_EXCL = 0300, OWNER = 0600 };
    const int64_t shape[8] = {0, 8, 4096}; /* flags, messages, bytes of each */
    char name[32] = "/ferrule-"; /* the kernel wants it without the slash, emulators check for a slash before it */
    text_u64(name + text_length(name), os_clock_ns());
    long receives = call4(CALL_MQ_OPEN, (long)(name + 1), O_RDONLY | O_CREAT_EXCL, OWNER, (long)shape);
    if (receives < 0)
        return receives;
    long sends = call4(CALL_MQ_OPEN, (long)(name + 1), O_WRONLY, 0, 0);
    call1(CALL_MQ_UNLINK, (long)(name + 1));
    end[0] = (int)receives;
    end[1] = sends < 0 ? 0 : (int)sends;
    return sends < 0 ? sends : 0;
}

static inline long os_queue_send(int queue, const void *bytes, size_t length) {
    return call5(CALL_MQ_TIMEDSEND, queue, (long)bytes, (long)length, 0, 0);
}

/* The kernel requires a buffer for the largest possible message. */
static inline long os_queue_receive(int queue, void *into, size_t size) {
    (void)size;
    return call5(CALL_MQ_TIMEDRECEIVE, queue, (long)into, 4096, 0, 0);
}

#endif
