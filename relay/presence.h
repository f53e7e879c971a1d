/* SPDX-License-Identifier: MIT
 * Who is in a room: people, each with as many sockets as they like. Names are unique without case. Knows no
 * socket, no clock and no room.
 */
#ifndef RELAY_PRESENCE_H
#define RELAY_PRESENCE_H

#include "common/entry.h"

struct person {
    struct person *next, *prev;              /* in order of coming */
    struct person *next_by_id, *next_by_key; /* in their buckets */
    uint8_t id[TOKEN_PERSON_SIZE];
    char who[TOKEN_WHO_SIZE];
    uint32_t hash_id, hash_key;
    uint32_t sockets; /* that have joined as this person */
    bool verified;
    int64_t active_ms;
    struct str name, key, color; /* in text */
    char text[];
};

struct presence {
    struct person *first, *last;
    struct person **by_id, **by_key; /* `buckets` of each */
    uint32_t n, buckets;
};

/* All zero is an empty one. */
void presence_free(struct presence *p);

struct person *presence_by_id(const struct presence *p, const uint8_t id[TOKEN_PERSON_SIZE]);
/* key: the folded name (fold.h). */
struct person *presence_by_key(const struct presence *p, struct str key);

/* Adds somebody with no sockets yet, whose id and key nobody has; `who` has id, who, verified, active_ms,
 * name, key and color, the texts are copied. NULL: no memory. */
struct person *presence_add(struct presence *p, const struct person *who);
/* Removes and frees. */
void presence_remove(struct presence *p, struct person *who);

#endif
