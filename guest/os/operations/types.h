/* Types and constants of the operations, for the ports too. */
#ifndef FERRULE_OPERATIONS_TYPES_H
#define FERRULE_OPERATIONS_TYPES_H

/* Results that no kernel returns: the port has no such call; the OS has no such thing. Errnos end at 4095. */
enum { OS_NOT_PORTED = 5000, OS_DOES_NOT_EXIST = 5001 };
enum { OS_EPERM = 1, OS_ENOEXEC = 8, OS_EAGAIN = 11, OS_EINVAL = 22, OS_ENOSYS = 38, OS_ETIMEDOUT = 110 };
#define OS_LEAVE "--leave" /* the payload's argument that makes it end at once: os_process_execute() */
enum { OS_EXECUTED = 86, OS_NOT_EXECUTED = 127 };  /* its exit status, or that of a program that could not be loaded */
enum { OS_READ = 1, OS_WRITE = 2, OS_CREATE = 4 }; /* os_open: how */

enum { OS_SYSTEM_NAME = 400, OS_SYSTEM_NAME_PART = 65 }; /* os_system_name: its bytes, and those of each text in it */

typedef void (*os_entry)(void *argument);

struct os_poll { /* as poll(2)'s, on every OS */
    int32_t fd;
    int16_t asked, ready;
};
enum { OS_POLL_READ = 1 };

enum os_socket { OS_LOCAL, OS_TCP, OS_UDP }; /* kinds: AF_UNIX stream, and over IPv4 */

struct os_address { /* of a socket, as the kernel writes it */
    unsigned char bytes[112];
    uint32_t length;
};

struct os_request { /* a request to a scheme: the caller's bytes, as the server sees them */
    void *bytes;
    size_t length;
};

enum os_policy { OS_POLICY_OTHER = 0, OS_POLICY_FIFO = 1, OS_POLICY_RR = 2 }; /* POSIX's, by Linux's numbers */

#endif
