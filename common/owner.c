/* SPDX-License-Identifier: MIT
 * Owner tokens, see owner.h. A plain SHA-256 is enough for them: nobody guesses 256 random bits, however fast a hash
 * is. Called by fcgi/ and ctl/.
 */
#include "common/owner.h"

#include "common/key.h"

enum { RANDOM = 32, LETTERS = 43 };

static const char prefix[] = "go_";
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void owner_make(struct room *room, char text[OWNER_TEXT_SIZE])
{
    uint8_t random[RANDOM + 1] = { 0 }; /* one more, as the last letter reaches behind the end */
    char *at = text + sizeof prefix - 1;

    key_random(random, RANDOM);
    memcpy(text, prefix, sizeof prefix - 1);
    for (size_t bit = 0; bit < (size_t)LETTERS * 6; bit += 6) {
        unsigned two = (unsigned)random[bit / 8] << 8 | random[bit / 8 + 1];

        *at++ = letters[two >> (10 - bit % 8) & 63];
    }
    *at = '\0';
    key_wipe(random, sizeof random);
    key_sha256(room->owner, str_of(text));
    room->owned = true;
}

bool owner_shaped(struct str text)
{
    if (text.n != OWNER_TEXT_SIZE - 1 || !str_begins(text, prefix))
        return false;
    for (size_t i = sizeof prefix - 1; i < text.n; i++)
        if (!text.p[i] || !strchr(letters, text.p[i]))
            return false;
    return true;
}

bool owner_is(const struct room *room, struct str text)
{
    uint8_t digest[ROOM_OWNER_SIZE];

    if (!room->owned || !owner_shaped(text))
        return false;
    key_sha256(digest, text);
    return key_same(digest, room->owner, sizeof digest);
}
