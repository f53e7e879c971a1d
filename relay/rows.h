/* SPDX-License-Identifier: MIT
 * Keeps what the hub knows of rooms in step with their rows, and clears away the logs of rooms that are no
 * more. The work is the workers'; this gives it to them and takes the answers to the hub.
 */
#ifndef RELAY_ROWS_H
#define RELAY_ROWS_H

#include "relay/relay.h"

/* Reads a room's row again and does what follows from it; then calls done(arg, ok), ok false when the store
 * is away. */
void rows_refresh(struct relay *relay, int64_t room_id, void (*done)(void *arg, bool ok), void *arg);

/* Once a second: looks whether any row was changed by others, and if so reads those of all live rooms. */
void rows_poll(struct relay *relay);

/* At the start: clears away the logs of rooms that went while no relay ran. */
void rows_sweep(struct relay *relay);

/* At the start, before the loop: makes the rooms of the setting `room` that are not there yet. */
void rows_preset(struct relay *relay);

#endif
