/* SPDX-License-Identifier: MIT
 * The folder that `globesctl run` works in: DATA with the store, the secret, and DATA/run with sockets, lock
 * and lighttpd's files.
 */
#ifndef CTL_PLACE_H
#define CTL_PLACE_H

#include <limits.h>

#include "common/buf.h"

enum { PLACE_SOCKET_MAX = 107 }; /* bytes of a unix socket's path: sockaddr_un has 108 */

struct place {
    char data[PATH_MAX]; /* absolute */
    char run[PATH_MAX];
    char secret[PATH_MAX];
    char fcgi_socket[PATH_MAX], relay_socket[PATH_MAX], control_socket[PATH_MAX];
    int lock; /* -1 while it is not held */
};

/* Names the paths; changes nothing on disk. False: why has one sentence. */
bool place_name(struct place *p, const char *data, struct buf *why);

/* Makes the folders where they are missing and takes the lock that one supervisor holds. False: why has one
 * sentence. */
bool place_open(struct place *p, struct buf *why);

/* Gives the lock back. */
void place_close(struct place *p);

#endif
