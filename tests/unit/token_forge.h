/* SPDX-License-Identifier: MIT
 * For the tests of tokens: tokens of any head and any claims, signed with any key. Written after contract
 * section 2, not after common/token.c.
 */
#ifndef TESTS_UNIT_TOKEN_FORGE_H
#define TESTS_UNIT_TOKEN_FORGE_H

#include "common/key.h"
#include "common/token.h"

enum { ROOM = 7, NOW = 1000000 };
extern const uint8_t room_key[ROOM_KEY_SIZE], other_key[ROOM_KEY_SIZE];

#define SECRET "a master secret of 32 bytes and more"
#define HEAD   "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define NAME   "\"username\":\"ann\","
#define PLACE  "\"room_id\":7,"
#define TIMES  "\"exp\":1003600,\"iat\":1000000,"
#define ROLE   "\"role\":\"member\","
#define SUB    "\"sub\":\"00112233445566778899aabbccddeeff\""

/* second may be NULL. */
struct secrets secrets_of(const char *first, const char *second);

/* With SECRET, room_key, in ROOM at NOW. */
bool reads(struct str text);

void forge_key(uint8_t key[KEY_SIZE], const char *secret, int64_t room_id, const uint8_t *with);
/* That of SECRET, ROOM and room_key. */
const uint8_t *forge_right_key(void);
void forge_base64(struct buf *out, const void *p, size_t n);

/* out is emptied first. */
void forge(struct buf *out, const char *head, struct str claims, const uint8_t key[KEY_SIZE]);
/* With HEAD and the right key. */
void forge_claims(struct buf *out, const char *claims);
void forge_good(struct buf *out);

#endif
