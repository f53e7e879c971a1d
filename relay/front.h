/* SPDX-License-Identifier: MIT
 * The accept stage: takes connections, reads one bounded, timed head from each, has room and token looked up,
 * and either answers why not (contract section 3) or hands the socket over. Floods and slow heads end here,
 * before a WebSocket costs anything.
 */
#ifndef RELAY_FRONT_H
#define RELAY_FRONT_H

#include "relay/relay.h"

enum { FRONT_LISTEN_MAX = 4 };

/* fds: listening sockets, non-blocking, which stay the caller's. NULL: no memory. */
struct front *front_new(struct relay *relay, const int *fds, size_t n);
/* No more connections are taken; those whose head is not read yet are refused with 503. */
void front_stop(struct front *front);
/* After front_stop(), when no look-up is under way any more. */
void front_free(struct front *front);

/* Sockets that are here still. */
size_t front_guests(const struct front *front);

#endif
