/* Sockets with an address, within this machine: AF_UNIX, and TCP and UDP over its loopback. */
#ifndef FERRULE_OPERATIONS_SOCKET_H
#define FERRULE_OPERATIONS_SOCKET_H

#ifndef OS_HAS_SOCKETS /* a TCP connection sends data at once (TCP_NODELAY) */
OS_MISSING(os_socket_open, enum os_socket kind)
OS_MISSING(os_socket_bind, int fd, enum os_socket kind, struct os_address *at) /* to a free address, returned in *at */
OS_MISSING(os_socket_listen, int fd)
OS_MISSING(os_socket_connect, int fd, const struct os_address *to) /* sets a datagram socket's destination */
OS_MISSING(os_socket_accept, int fd)                               /* sleeps until a socket connects */
#endif
#ifndef OS_HAS_MESSAGE_PAIR /* two local sockets, connected, that keep message boundaries */
OS_MISSING(os_datagram_pair, int end[2])
OS_MISSING(os_seqpacket_pair, int end[2])
#endif

#endif
