/* SPDX-License-Identifier: MIT
 * Tokens (contract section 2): HS256 JWTs that say who somebody is in one room. libjwt 1.10 checks neither exp nor the
 * algorithm, and takes any HMAC; all of that is checked here.
 */
#ifndef COMMON_TOKEN_H
#define COMMON_TOKEN_H

#include "common/room.h"
#include "common/secret.h"

enum {
    TOKEN_TEXT_MAX = 2048,  /* bytes of a token; longer ones are not looked at */
    TOKEN_NAME_SIZE = 256,  /* with NUL; the setting name_max is below it */
    TOKEN_PERSON_SIZE = 16, /* bytes of sub: the person */
    TOKEN_WHO_SIZE = 8      /* characters of who, without NUL */
};

enum role { ROLE_GUEST, ROLE_MEMBER, ROLE_MODERATOR, ROLE_OWNER };

struct token {
    char name[TOKEN_NAME_SIZE];
    uint8_t person[TOKEN_PERSON_SIZE]; /* claim sub: 32 hex digits */
    enum role role;
    int64_t room_id;
    int64_t issued, expires; /* claims iat (the first issue; renewal keeps it) and exp; seconds since 1970 */
};

const char *role_word(enum role r);

/* Appends the text; signed with the first secret. False: no memory. */
bool token_write(struct buf *out, const struct token *t, const struct secrets *secrets,
                 const uint8_t room_key[ROOM_KEY_SIZE]);

/* True when it is a good token of this room: HS256, signed with one of the secrets and the room's key, not expired at
 * now_s, every claim there and of its type. Thread-safe. */
bool token_read(struct token *t, struct str text, const struct secrets *secrets, int64_t room_id,
                const uint8_t room_key[ROOM_KEY_SIZE], int64_t now_s);

/* Who somebody is to the others of a room: 8 characters of A-Z a-z 0-9 _ - made from person and room key. No NUL. */
void token_who(char out[TOKEN_WHO_SIZE], const uint8_t person[TOKEN_PERSON_SIZE],
               const uint8_t room_key[ROOM_KEY_SIZE]);

/* A name that a person may have: 1..max bytes of UTF-8, clean (fold.h), no outer space. */
bool person_name_ok(struct str name, int64_t max);

#endif
