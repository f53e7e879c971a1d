/* SPDX-License-Identifier: MIT
 * Listening sockets: those that the supervisor keeps for its children over their restarts, and whether
 * lighttpd will get its port.
 */
#ifndef CTL_LISTEN_H
#define CTL_LISTEN_H

#include <sys/socket.h>

#include "common/buf.h"

/* Takes a left-over file of an earlier run away first: the caller holds the place's lock. The socket is
 * closed on exec. -1: why has one sentence. */
int listen_unix(const char *path, struct buf *why);

/* bind is an IP address. False: somebody else keeps the port, or it may not be used; why has one sentence. */
bool listen_port_free(const char *bind, int port, struct buf *why);

/* "0.0.0.0" and "::" are where to listen, not where to connect: of those the loopback address. */
struct sockaddr_storage listen_address(const char *bind, int port, bool to_connect, socklen_t *length);

#endif
