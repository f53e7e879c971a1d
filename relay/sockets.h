/* SPDX-License-Identifier: MIT
 * Listening sockets: those that a supervisor gives (LISTEN_FDS, as systemd does), or ones made here by the
 * settings.
 */
#ifndef RELAY_SOCKETS_H
#define RELAY_SOCKETS_H

#include "common/buf.h"

/* Descriptors given by LISTEN_FDS and LISTEN_PID, made non-blocking and close-on-exec, at most `most`; 0:
 * none were. */
size_t sockets_given(int *fds, size_t most);

/* where: "unix:/path" or "127.0.0.1:8081". A path where nobody listens any more is taken over. The file gets
 * mode 0660. -1: why has one sentence. */
int sockets_listen(const char *where, struct buf *why);

#endif
