/* SPDX-License-Identifier: MIT
 * The answering end of the control socket (common/control.h): where globes.fcgi and globesctl ask the relay.
 * Only root and the relay's own user or group are answered.
 */
#ifndef RELAY_DESK_H
#define RELAY_DESK_H

#include "relay/relay.h"

/* fd: the listening socket, the desk's from here on. NULL: no memory. */
struct desk *desk_new(struct relay *relay, int fd);
/* After the workers have handed back everything. */
void desk_free(struct desk *desk);

#endif
