/* SPDX-License-Identifier: MIT
 * Owner tokens (contract section 1): "go_" and 256 random bits, shown once to whoever makes a room, kept as SHA-256.
 * They are no JWTs: they do not end, and no secret of ours makes them.
 */
#ifndef COMMON_OWNER_H
#define COMMON_OWNER_H

#include "common/room.h"

enum { OWNER_TEXT_SIZE = 3 + 43 + 1 }; /* with NUL */

/* Makes one and gives the room to who has it: any earlier one is over. */
void owner_make(struct room *room, char text[OWNER_TEXT_SIZE]);

/* Whether a text looks like one; a password may look so too. */
bool owner_shaped(struct str text);

/* True when it is the one of this room. Takes the same time for all that are of the right shape. */
bool owner_is(const struct room *room, struct str text);

#endif
