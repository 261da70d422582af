/* Sockets with an address, of this machine's own: AF_UNIX, and TCP and UDP over its loopback. */
#ifndef FERRULE_OPERATIONS_SOCKET_H
#define FERRULE_OPERATIONS_SOCKET_H

#ifndef OS_HAS_SOCKETS /* a TCP connection sends at once what it is given (TCP_NODELAY) */
OS_MISSING(os_socket_open, enum os_socket kind)
OS_MISSING(os_socket_bind, int fd, enum os_socket kind, struct os_address *at) /* to a free address, which it tells */
OS_MISSING(os_socket_listen, int fd)
OS_MISSING(os_socket_connect, int fd, const struct os_address *to) /* says where a datagram socket sends to */
OS_MISSING(os_socket_accept, int fd)                               /* sleeps until somebody connects */
#endif
#ifndef OS_HAS_MESSAGE_PAIR /* two local sockets, connected, that keep messages apart */
OS_MISSING(os_datagram_pair, int end[2])
OS_MISSING(os_seqpacket_pair, int end[2])
#endif

#endif
