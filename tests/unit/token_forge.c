/* SPDX-License-Identifier: MIT
 * Forged tokens: what the header says. Used by tests/unit/test_token*.c alone.
 */
#include "tests/unit/token_forge.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

const uint8_t room_key[ROOM_KEY_SIZE] = "0123456789abcde";
const uint8_t other_key[ROOM_KEY_SIZE] = "0123456789abcdf";

struct secrets secrets_of(const char *first, const char *second)
{
    struct secrets s = { 0 };
    const char *const texts[] = { first, second };

    for (size_t i = 0; i < 2 && texts[i]; i++) {
        s.list[i].len = strlen(texts[i]);
        memcpy(s.list[i].bytes, texts[i], s.list[i].len);
        s.n++;
    }
    return s;
}

bool reads(struct str text)
{
    struct secrets s = secrets_of(SECRET, NULL);
    struct token t;

    return token_read(&t, text, &s, ROOM, room_key, NOW);
}

void forge_key(uint8_t key[KEY_SIZE], const char *secret, int64_t room_id, const uint8_t *with)
{
    struct buf info = { 0 };

    buf_text(&info, "globes/token/1");
    for (int shift = 56; shift >= 0; shift -= 8)
        buf_char(&info, (char)(room_id >> shift));
    buf_bytes(&info, with, ROOM_KEY_SIZE);
    key_derive(key, str_of(secret), info.data, info.len);
    buf_free(&info);
}

void forge_base64(struct buf *out, const void *p, size_t n)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *bytes = p;

    for (size_t i = 0; i < n * 8; i += 6) {
        unsigned two = (unsigned)bytes[i / 8] << 8 | (i / 8 + 1 < n ? bytes[i / 8 + 1] : 0);

        buf_char(out, letters[two >> (10 - i % 8) & 63]);
    }
}

static void sign(struct buf *out, const uint8_t key[KEY_SIZE])
{
    uint8_t mac[KEY_SIZE];

    key_mac(mac, key, KEY_SIZE, out->data, out->len);
    buf_char(out, '.');
    forge_base64(out, mac, sizeof mac);
}

void forge(struct buf *out, const char *head, struct str claims, const uint8_t key[KEY_SIZE])
{
    buf_clear(out);
    forge_base64(out, head, strlen(head));
    buf_char(out, '.');
    forge_base64(out, claims.p, claims.n);
    sign(out, key);
    assert_true(buf_ok(out));
}

const uint8_t *forge_right_key(void)
{
    static uint8_t key[KEY_SIZE];

    forge_key(key, SECRET, ROOM, room_key);
    return key;
}

void forge_claims(struct buf *out, const char *claims)
{
    forge(out, HEAD, str_of(claims), forge_right_key());
}

void forge_good(struct buf *out)
{
    forge_claims(out, "{" NAME PLACE TIMES ROLE SUB "}");
}
