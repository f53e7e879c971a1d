/* SPDX-License-Identifier: MIT
 * What a client can say in a room: one table, one handler for each event_type (contract section 3).
 */
#ifndef RELAY_COMMANDS_H
#define RELAY_COMMANDS_H

#include "common/event.h"
#include "relay/hub.h"

/* Does what an event says; tells the connection what is wrong with it, if anything. */
void command_run(struct hub *h, struct conn *c, const struct event_in *ev);

/* The connection is no longer in the room as its person: everyone is told if that was the person's last. */
void command_gone(struct hub *h, struct conn *c);

#endif
