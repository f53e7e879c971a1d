/* SPDX-License-Identifier: MIT
 * One entry of a room's log: what the store keeps, the relay hands out and the history shows.
 */
#ifndef COMMON_ENTRY_H
#define COMMON_ENTRY_H

#include "common/token.h"

enum {
    ENTRY_CID_MIN = 16, /* characters of a client's cid */
    ENTRY_CID_MAX = 64,
    ENTRY_COLOR_MAX = 32 /* bytes; a colour is a CSS name, #rgb or #rrggbb */
};

enum entry_kind { ENTRY_SEND = 1, ENTRY_REMOVE = 2 };

struct entry {
    int64_t room_id;
    uint64_t epoch;
    int64_t seq; /* dense from 1 inside an epoch */
    int64_t time_ms;
    enum entry_kind kind;
    bool verified;  /* the name was a token's */
    bool removed;   /* a send whose text was taken back: name, color and msg are empty */
    int64_t target; /* of a removal: the seq taken back */
    uint8_t person[TOKEN_PERSON_SIZE];
    char who[TOKEN_WHO_SIZE];
    struct str cid; /* one that the relay made begins with "." and is nobody else's to know */
    struct str name, color, msg;
};

#endif
