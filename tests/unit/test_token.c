/* SPDX-License-Identifier: MIT
 * common/token: good tokens are read as they were written; forged, stale and odd ones are not. Forgeries are
 * signed with the right key wherever they can be, so that it is not the signature alone that refuses them.
 */
#include "common/token.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <jwt.h>

#include "common/key.h"

enum { ROOM = 7 };

static const int64_t now = 1000000;
static const uint8_t room_key[ROOM_KEY_SIZE] = "0123456789abcde";
static const uint8_t other_key[ROOM_KEY_SIZE] = "0123456789abcdf";

#define SECRET "a master secret of 32 bytes and more"
#define HEAD   "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define NAME   "\"username\":\"ann\","
#define PLACE  "\"room_id\":7,"
#define TIMES  "\"exp\":1003600,\"iat\":1000000,"
#define ROLE   "\"role\":\"member\","
#define SUB    "\"sub\":\"00112233445566778899aabbccddeeff\""

static struct secrets secrets_of(const char *first, const char *second)
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

static struct token example(void)
{
    struct token t = {
        .name = "Ann \xc3\xa9\"\\", .role = ROLE_MEMBER, .room_id = ROOM, .issued = now, .expires = now + 3600
    };

    for (size_t i = 0; i < TOKEN_PERSON_SIZE; i++)
        t.person[i] = (uint8_t)(i * 17);
    return t;
}

static bool reads(struct str text)
{
    struct secrets s = secrets_of(SECRET, NULL);
    struct token t;

    return token_read(&t, text, &s, ROOM, room_key, now);
}

static void assert_refused(struct str text, const char *what)
{
    if (reads(text))
        fail_msg("taken: %s", what);
}

/* ---- forging ---- */

/* As contract section 2 has it, written once more. */
static void derive(uint8_t key[KEY_SIZE], const char *secret, int64_t room_id, const uint8_t *with)
{
    struct buf info = { 0 };

    buf_text(&info, "globes/token/1");
    for (int shift = 56; shift >= 0; shift -= 8)
        buf_char(&info, (char)(room_id >> shift));
    buf_bytes(&info, with, ROOM_KEY_SIZE);
    key_derive(key, str_of(secret), info.data, info.len);
    buf_free(&info);
}

static void base64(struct buf *out, const void *p, size_t n)
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
    base64(out, mac, sizeof mac);
}

static void forge(struct buf *out, const char *head, struct str claims, const uint8_t key[KEY_SIZE])
{
    buf_clear(out);
    base64(out, head, strlen(head));
    buf_char(out, '.');
    base64(out, claims.p, claims.n);
    sign(out, key);
    assert_true(buf_ok(out));
}

static const uint8_t *right_key(void)
{
    static uint8_t key[KEY_SIZE];

    derive(key, SECRET, ROOM, room_key);
    return key;
}

static void forge_claims(struct buf *out, const char *claims)
{
    forge(out, HEAD, str_of(claims), right_key());
}

static void forge_good(struct buf *out)
{
    forge_claims(out, "{" NAME PLACE TIMES ROLE SUB "}");
}

/* ---- good ones ---- */

static void a_token_is_read_as_it_was_written(void **state)
{
    struct secrets s = secrets_of(SECRET, NULL);
    struct token t = example(), back;
    struct buf out = { 0 };

    (void)state;
    for (enum role r = ROLE_GUEST; r <= ROLE_OWNER; r++) {
        t.role = r;
        buf_clear(&out);
        assert_true(token_write(&out, &t, &s, room_key));
        assert_true(token_read(&back, buf_all(&out), &s, ROOM, room_key, now));
        assert_string_equal(back.name, t.name);
        assert_memory_equal(back.person, t.person, TOKEN_PERSON_SIZE);
        assert_int_equal(back.role, r);
        assert_int_equal(back.room_id, ROOM);
        assert_int_equal(back.issued, t.issued);
        assert_int_equal(back.expires, t.expires);
    }
    buf_free(&out);
}

static void the_longest_name_and_the_largest_id_fit(void **state)
{
    struct secrets s = secrets_of(SECRET, NULL);
    struct token t = example(), back;
    struct buf out = { 0 };

    (void)state;
    memset(t.name, '"', sizeof t.name - 1);
    t.room_id = ROOM_ID_MAX;
    assert_true(token_write(&out, &t, &s, room_key));
    assert_true(out.len < TOKEN_TEXT_MAX);
    assert_true(token_read(&back, buf_all(&out), &s, ROOM_ID_MAX, room_key, now));
    assert_string_equal(back.name, t.name);
    buf_free(&out);
}

static void a_token_is_appended(void **state)
{
    struct secrets s = secrets_of(SECRET, NULL);
    struct token t = example();
    struct buf out = { 0 };

    (void)state;
    buf_text(&out, "before ");
    assert_true(token_write(&out, &t, &s, room_key));
    assert_true(reads((struct str){ out.data + 7, out.len - 7 }));
    buf_free(&out);
}

static void the_key_is_what_the_contract_says(void **state)
{
    struct buf out = { 0 };

    (void)state;
    forge_good(&out);
    assert_true(reads(buf_all(&out)));
    buf_free(&out);
}

static void claims_that_nobody_knows_are_passed_over(void **state)
{
    struct buf out = { 0 };

    (void)state;
    forge_claims(&out, "{" NAME PLACE TIMES ROLE SUB ",\"aud\":[\"x\"],\"nbf\":\"y\"}");
    assert_true(reads(buf_all(&out)));
    buf_free(&out);
}

static void the_first_secret_signs_and_all_verify(void **state)
{
    struct secrets old = secrets_of(SECRET, NULL),
                   both = secrets_of("another secret of 32 bytes or more", SECRET),
                   new = secrets_of("another secret of 32 bytes or more", NULL);
    struct token t = example(), back;
    struct buf out = { 0 };

    (void)state;
    assert_true(token_write(&out, &t, &old, room_key));
    assert_true(token_read(&back, buf_all(&out), &both, ROOM, room_key, now));
    assert_false(token_read(&back, buf_all(&out), &new, ROOM, room_key, now));
    buf_clear(&out);
    assert_true(token_write(&out, &t, &both, room_key));
    assert_true(token_read(&back, buf_all(&out), &new, ROOM, room_key, now));
    assert_false(token_read(&back, buf_all(&out), &old, ROOM, room_key, now));
    buf_free(&out);
}

static void without_a_secret_nothing_is_signed_or_verified(void **state)
{
    struct secrets none = { 0 };
    struct token t = example(), back;
    struct buf out = { 0 };

    (void)state;
    assert_false(token_write(&out, &t, &none, room_key));
    forge_good(&out);
    assert_false(token_read(&back, buf_all(&out), &none, ROOM, room_key, now));
    buf_free(&out);
}

/* ---- bad ones ---- */

static void signed_but_odd_claims_are_refused(void **state)
{
    static const struct {
        const char *what, *claims;
    } bad[] = {
        { "expired exactly now", "{" NAME PLACE "\"exp\":1000000,\"iat\":900000," ROLE SUB "}" },
        { "expired long ago", "{" NAME PLACE "\"exp\":5,\"iat\":1," ROLE SUB "}" },
        { "exp missing", "{" NAME PLACE "\"iat\":1000000," ROLE SUB "}" },
        { "exp a text", "{" NAME PLACE "\"exp\":\"1003600\",\"iat\":1000000," ROLE SUB "}" },
        { "exp a real", "{" NAME PLACE "\"exp\":1003600.0,\"iat\":1000000," ROLE SUB "}" },
        { "exp with an exponent", "{" NAME PLACE "\"exp\":1003600e1,\"iat\":1000000," ROLE SUB "}" },
        { "exp negative", "{" NAME PLACE "\"exp\":-1003600,\"iat\":1000000," ROLE SUB "}" },
        { "exp beyond 64 bits", "{" NAME PLACE "\"exp\":99999999999999999999,\"iat\":1000000," ROLE SUB "}" },
        { "exp in some centuries",
          "{" NAME PLACE "\"exp\":9223372036854775807,\"iat\":1000000," ROLE SUB "}" },
        { "exp 395 days and a second after iat",
          "{" NAME PLACE "\"exp\":35128001,\"iat\":1000000," ROLE SUB "}" },
        { "exp null", "{" NAME PLACE "\"exp\":null,\"iat\":1000000," ROLE SUB "}" },
        { "exp true", "{" NAME PLACE "\"exp\":true,\"iat\":1000000," ROLE SUB "}" },
        { "exp twice", "{" NAME PLACE TIMES "\"exp\":1003600," ROLE SUB "}" },
        { "exp at iat", "{" NAME PLACE "\"exp\":1003600,\"iat\":1003600," ROLE SUB "}" },
        { "iat missing", "{" NAME PLACE "\"exp\":1003600," ROLE SUB "}" },
        { "iat a text", "{" NAME PLACE "\"exp\":1003600,\"iat\":\"1000000\"," ROLE SUB "}" },
        { "iat a real", "{" NAME PLACE "\"exp\":1003600,\"iat\":1000000.5," ROLE SUB "}" },
        { "iat negative", "{" NAME PLACE "\"exp\":1003600,\"iat\":-9223372036854775808," ROLE SUB "}" },
        { "iat zero", "{" NAME PLACE "\"exp\":1003600,\"iat\":0," ROLE SUB "}" },
        { "room_id of another room", "{" NAME "\"room_id\":8," TIMES ROLE SUB "}" },
        { "room_id a text", "{" NAME "\"room_id\":\"7\"," TIMES ROLE SUB "}" },
        { "room_id a real", "{" NAME "\"room_id\":7.0," TIMES ROLE SUB "}" },
        { "room_id missing", "{" NAME TIMES ROLE SUB "}" },
        { "room_id negative", "{" NAME "\"room_id\":-7," TIMES ROLE SUB "}" },
        { "room_id twice", "{" NAME PLACE "\"room_id\":7," TIMES ROLE SUB "}" },
        { "room_id an array", "{" NAME "\"room_id\":[7]," TIMES ROLE SUB "}" },
        { "username missing", "{" PLACE TIMES ROLE SUB "}" },
        { "username empty", "{\"username\":\"\"," PLACE TIMES ROLE SUB "}" },
        { "username a number", "{\"username\":1," PLACE TIMES ROLE SUB "}" },
        { "username null", "{\"username\":null," PLACE TIMES ROLE SUB "}" },
        { "username with NUL", "{\"username\":\"a\\u0000b\"," PLACE TIMES ROLE SUB "}" },
        { "username twice", "{" NAME NAME PLACE TIMES ROLE SUB "}" },
        { "username in another case", "{\"Username\":\"ann\"," PLACE TIMES ROLE SUB "}" },
        { "username not UTF-8", "{\"username\":\"\xff\"," PLACE TIMES ROLE SUB "}" },
        { "role unknown", "{" NAME PLACE TIMES "\"role\":\"admin\"," SUB "}" },
        { "role in capitals", "{" NAME PLACE TIMES "\"role\":\"Member\"," SUB "}" },
        { "role empty", "{" NAME PLACE TIMES "\"role\":\"\"," SUB "}" },
        { "role a number", "{" NAME PLACE TIMES "\"role\":1," SUB "}" },
        { "role missing", "{" NAME PLACE TIMES SUB "}" },
        { "role twice", "{" NAME PLACE TIMES ROLE "\"role\":\"owner\"," SUB "}" },
        { "sub missing", "{" NAME PLACE TIMES "\"role\":\"member\"}" },
        { "sub a digit short", "{" NAME PLACE TIMES ROLE "\"sub\":\"00112233445566778899aabbccddeef\"}" },
        { "sub a digit long", "{" NAME PLACE TIMES ROLE "\"sub\":\"00112233445566778899aabbccddeeff0\"}" },
        { "sub in capitals", "{" NAME PLACE TIMES ROLE "\"sub\":\"00112233445566778899AABBCCDDEEFF\"}" },
        { "sub with one capital", "{" NAME PLACE TIMES ROLE "\"sub\":\"00112233445566778899aabbccddeefF\"}" },
        { "sub no digits", "{" NAME PLACE TIMES ROLE "\"sub\":\"0011223344556677-899aabbccddeeff\"}" },
        { "sub empty", "{" NAME PLACE TIMES ROLE "\"sub\":\"\"}" },
        { "sub a number", "{" NAME PLACE TIMES ROLE "\"sub\":11223344556677889900112233445566}" },
        { "no object", "[]" },
        { "null", "null" },
        { "nothing", "{}" },
        { "no JSON", "username=ann" },
        { "more behind the object", "{" NAME PLACE TIMES ROLE SUB "}{}" },
        { "a byte order mark", "\xef\xbb\xbf{" NAME PLACE TIMES ROLE SUB "}" },
    };
    struct buf out = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        forge_claims(&out, bad[i].claims);
        assert_refused(buf_all(&out), bad[i].what);
    }
    buf_free(&out);
}

static void a_name_of_256_bytes_is_refused(void **state)
{
    struct buf claims = { 0 }, out = { 0 };

    (void)state;
    for (size_t n = 255; n <= 256; n++) {
        buf_clear(&claims);
        buf_text(&claims, "{\"username\":\"");
        for (size_t i = 0; i < n; i++)
            buf_char(&claims, 'n');
        buf_text(&claims, "\"," PLACE TIMES ROLE SUB "}");
        forge(&out, HEAD, buf_all(&claims), right_key());
        assert_int_equal(reads(buf_all(&out)), n == 255);
    }
    buf_free(&claims);
    buf_free(&out);
}

static void a_token_lives_until_the_second_before_exp(void **state)
{
    struct secrets s = secrets_of(SECRET, NULL);
    struct token t = example(), back;
    struct buf out = { 0 };

    (void)state;
    assert_true(token_write(&out, &t, &s, room_key));
    assert_true(token_read(&back, buf_all(&out), &s, ROOM, room_key, t.expires - 1));
    assert_false(token_read(&back, buf_all(&out), &s, ROOM, room_key, t.expires));
    assert_false(token_read(&back, buf_all(&out), &s, ROOM, room_key, t.expires + 1));
    assert_int_equal(back.name[0], '\0');
    buf_free(&out);
}

static void the_longest_life_is_that_of_the_settings(void **state)
{
    struct buf out = { 0 };

    (void)state;
    forge_claims(&out, "{" NAME PLACE "\"exp\":35128000,\"iat\":1000000," ROLE SUB "}");
    assert_true(reads(buf_all(&out)));
    buf_free(&out);
}

/* All with the signature that HS256 would have, and a few with none. */
static void any_other_head_is_refused(void **state)
{
    static const char *const heads[] = {
        "{\"alg\":\"none\",\"typ\":\"JWT\"}",
        "{\"alg\":\"None\",\"typ\":\"JWT\"}",
        "{\"alg\":\"nOnE\"}",
        "{\"alg\":\"HS384\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS512\",\"typ\":\"JWT\"}",
        "{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"hs256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256 \",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\\u0000\",\"typ\":\"JWT\"}",
        "{\"alg\":\"\",\"typ\":\"JWT\"}",
        "{\"alg\":null,\"typ\":\"JWT\"}",
        "{\"alg\":256,\"typ\":\"JWT\"}",
        "{\"alg\":[\"HS256\"],\"typ\":\"JWT\"}",
        "{\"alg\":\"none\",\"alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\",\"alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{\"Alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWE\"}",
        "{\"typ\":\"JWT\"}",
        "{}",
        "[]",
        "HS256",
    };
    struct buf out = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        size_t signature;

        forge(&out, heads[i], STR("{" NAME PLACE TIMES ROLE SUB "}"), right_key());
        assert_refused(buf_all(&out), heads[i]);
        signature = (size_t)((char *)memrchr(out.data, '.', out.len) - out.data);
        assert_refused((struct str){ out.data, signature + 1 }, heads[i]);
        assert_refused((struct str){ out.data, signature }, heads[i]);
    }
    buf_free(&out);
}

static void other_hmacs_with_the_same_key_are_refused(void **state)
{
    static const jwt_alg_t algorithms[] = { JWT_ALG_HS256, JWT_ALG_HS384, JWT_ALG_HS512, JWT_ALG_NONE };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        bool none = algorithms[i] == JWT_ALG_NONE;
        jwt_t *jwt;
        char *text;

        assert_int_equal(jwt_new(&jwt), 0);
        assert_int_equal(jwt_add_grants_json(jwt, "{" NAME PLACE TIMES ROLE SUB "}"), 0);
        assert_int_equal(jwt_set_alg(jwt, algorithms[i], none ? NULL : right_key(), none ? 0 : KEY_SIZE), 0);
        text = jwt_encode_str(jwt);
        assert_non_null(text);
        assert_int_equal(reads(str_of(text)), algorithms[i] == JWT_ALG_HS256);
        free(text);
        jwt_free(jwt);
    }
}

static void other_keys_are_refused(void **state)
{
    static const struct {
        const char *what, *secret;
        int64_t room;
        const uint8_t *with;
    } bad[] = {
        { "another secret", "a master secret of 32 bytes and morf", ROOM, room_key },
        { "a longer secret", SECRET "x", ROOM, room_key },
        { "an empty secret", "", ROOM, room_key },
        { "another room", SECRET, ROOM + 1, room_key },
        { "a room far away", SECRET, ROOM + (INT64_C(1) << 32), room_key },
        { "the room's key of before", SECRET, ROOM, other_key },
    };
    uint8_t key[KEY_SIZE] = { 0 };
    struct buf out = { 0 };

    (void)state;
    forge(&out, HEAD, STR("{" NAME PLACE TIMES ROLE SUB "}"), key);
    assert_refused(buf_all(&out), "a key of zeros");
    forge(&out, HEAD, STR("{" NAME PLACE TIMES ROLE SUB "}"), (const uint8_t *)SECRET);
    assert_refused(buf_all(&out), "the secret itself");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        derive(key, bad[i].secret, bad[i].room, bad[i].with);
        forge(&out, HEAD, STR("{" NAME PLACE TIMES ROLE SUB "}"), key);
        assert_refused(buf_all(&out), bad[i].what);
    }
    buf_free(&out);
}

static void a_token_is_of_its_room_alone(void **state)
{
    struct secrets s = secrets_of(SECRET, NULL);
    struct token t = example(), back;
    struct buf out = { 0 };

    (void)state;
    assert_true(token_write(&out, &t, &s, room_key));
    assert_false(token_read(&back, buf_all(&out), &s, ROOM + 1, room_key, now));
    assert_false(token_read(&back, buf_all(&out), &s, ROOM, other_key, now));
    buf_free(&out);
}

static void texts_that_are_no_tokens_are_refused(void **state)
{
    static const char *const bad[] = { "",         ".",           "..",      "...", "a",           "a.b",
                                       "a.b.c",    "aaa.bbb.ccc", "a.b.c.d", " ",   "e30.e30.e30", "null",
                                       "Bearer x", "=.=.=" };

    (void)state;
    assert_refused((struct str){ 0 }, "absent");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(str_of(bad[i]), bad[i]);
}

static void anything_before_behind_or_within_a_good_token_is_refused(void **state)
{
    static const char *const odd[] = { ".",  "=", "==", " ",  "\n",   "x",       ".x",
                                       "..", "%", ",",  "\"", "\x7f", "\xc3\xa9" };
    struct buf good = { 0 }, out = { 0 };

    (void)state;
    forge_good(&good);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        static const int places[] = { 0, 10, 60, -1 };

        for (size_t k = 0; k < 4; k++) {
            size_t at = places[k] < 0 ? good.len : (size_t)places[k];

            buf_clear(&out);
            buf_bytes(&out, good.data, at);
            buf_text(&out, odd[i]);
            buf_bytes(&out, good.data + at, good.len - at);
            assert_refused(buf_all(&out), out.data);
        }
    }
    buf_clear(&out);
    buf_bytes(&out, good.data, good.len + 1);
    assert_refused(buf_all(&out), "a NUL behind it");
    buf_free(&good);
    buf_free(&out);
}

static void parts_left_out_or_empty_are_refused(void **state)
{
    struct buf good = { 0 }, out = { 0 };

    (void)state;
    forge_good(&good);
    for (unsigned keep = 0; keep < 7; keep++) {
        struct str rest = buf_all(&good), part;

        buf_clear(&out);
        for (unsigned i = 0; str_next(&rest, '.', &part); i++) {
            if (i)
                buf_char(&out, '.');
            if (keep >> i & 1)
                buf_str(&out, part);
        }
        assert_refused(buf_all(&out), "an empty part");
    }
    buf_free(&good);
    buf_free(&out);
}

static void a_token_cut_off_anywhere_is_refused(void **state)
{
    struct buf out = { 0 };

    (void)state;
    forge_good(&out);
    for (size_t n = 0; n < out.len; n++)
        assert_refused((struct str){ out.data, n }, "cut off");
    buf_free(&out);
}

static void a_changed_byte_anywhere_is_refused(void **state)
{
    struct buf out = { 0 };

    (void)state;
    forge_good(&out);
    for (size_t i = 0; i < out.len; i++) {
        char right = out.data[i];

        for (const char *c = "Ab1-_.="; *c; c++) {
            if (*c == right)
                continue;
            out.data[i] = *c;
            assert_refused(buf_all(&out), "a changed byte");
        }
        out.data[i] = right;
    }
    buf_free(&out);
}

/* The last character of a signature has bits that decode to nothing. */
static void no_other_last_character_is_as_good(void **state)
{
    struct buf out = { 0 };
    char right;

    (void)state;
    forge_good(&out);
    right = out.data[out.len - 1];
    for (int c = 0; c < 256; c++) {
        out.data[out.len - 1] = (char)c;
        assert_int_equal(reads(buf_all(&out)), (char)c == right);
    }
    buf_free(&out);
}

static void texts_over_2048_bytes_are_not_looked_at(void **state)
{
    struct buf claims = { 0 }, out = { 0 };
    int within = 0;

    (void)state;
    /* Base64 of n bytes has about 4 n / 3 characters; head, dots and signature have 80. */
    for (size_t n = 1460; n < 1490; n++) {
        buf_clear(&claims);
        buf_text(&claims, "{" NAME PLACE TIMES ROLE SUB ",\"x\":\"");
        while (claims.len < n)
            buf_char(&claims, 'x');
        buf_text(&claims, "\"}");
        forge(&out, HEAD, buf_all(&claims), right_key());
        assert_int_equal(reads(buf_all(&out)), out.len <= TOKEN_TEXT_MAX);
        within += out.len <= TOKEN_TEXT_MAX;
    }
    assert_in_range(within, 1, 29);
    buf_free(&claims);
    buf_free(&out);
}

static void what_could_not_be_read_is_not_written(void **state)
{
    struct secrets s = secrets_of(SECRET, NULL);
    struct token t = example();
    struct buf out = { 0 };

    (void)state;
    memcpy(t.name, "\xff", 2);
    assert_false(token_write(&out, &t, &s, room_key));
    assert_int_equal(out.len, 0);
    buf_free(&out);
}

/* ---- persons ---- */

static void who_is_made_of_person_and_room(void **state)
{
    struct token a = example(), b = example();
    char who[TOKEN_WHO_SIZE], same[TOKEN_WHO_SIZE], other[TOKEN_WHO_SIZE];
    uint8_t mac[KEY_SIZE];
    struct buf text = { 0 };

    (void)state;
    token_who(who, a.person, room_key);
    token_who(same, b.person, room_key);
    assert_memory_equal(who, same, TOKEN_WHO_SIZE);
    b.person[15] ^= 1;
    token_who(other, b.person, room_key);
    assert_memory_not_equal(who, other, TOKEN_WHO_SIZE);
    token_who(other, a.person, other_key);
    assert_memory_not_equal(who, other, TOKEN_WHO_SIZE);
    key_mac(mac, room_key, ROOM_KEY_SIZE, a.person, TOKEN_PERSON_SIZE);
    base64(&text, mac, 6);
    assert_int_equal(text.len, TOKEN_WHO_SIZE);
    assert_memory_equal(who, text.data, TOKEN_WHO_SIZE);
    buf_free(&text);
}

static void a_name_has_1_to_max_bytes(void **state)
{
    char name[300];

    (void)state;
    memset(name, 'n', sizeof name);
    assert_false(person_name_ok((struct str){ name, 0 }, 64));
    assert_false(person_name_ok((struct str){ 0 }, 64));
    assert_true(person_name_ok((struct str){ name, 1 }, 64));
    assert_true(person_name_ok((struct str){ name, 64 }, 64));
    assert_false(person_name_ok((struct str){ name, 65 }, 64));
    assert_true(person_name_ok((struct str){ name, 255 }, 255));
    assert_false(person_name_ok((struct str){ name, 256 }, 255));
    assert_false(person_name_ok((struct str){ name, 256 }, INT64_MAX));
    assert_false(person_name_ok(STR("\xc3\xa9\xc3\xa9"), 3));
    assert_true(person_name_ok(STR("\xc3\xa9\xc3\xa9"), 4));
}

static void a_name_is_clean_text_without_outer_spaces(void **state)
{
    static const char *const good[] = {
        "Ann", "a b", "\xe5\xb1\xb1", "1", "<b>", "\xf0\x9f\x98\x80", "a.b@c"
    };
    static const char *const bad[] = { " a",
                                       "a ",
                                       "\xc2\xa0"
                                       "a",
                                       "a\n",
                                       "a\tb",
                                       "a\xe2\x80\xae"
                                       "b",
                                       "a\xe2\x80\xa8"
                                       "b",
                                       "\xff",
                                       "\xed\xa0\x80",
                                       "\x7f" };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(person_name_ok(str_of(good[i]), 64));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (person_name_ok(str_of(bad[i]), 64))
            fail_msg("taken: %s", bad[i]);
    assert_false(person_name_ok(STR("a\0b"), 64));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_read_as_it_was_written),
        cmocka_unit_test(the_longest_name_and_the_largest_id_fit),
        cmocka_unit_test(a_token_is_appended),
        cmocka_unit_test(the_key_is_what_the_contract_says),
        cmocka_unit_test(claims_that_nobody_knows_are_passed_over),
        cmocka_unit_test(the_first_secret_signs_and_all_verify),
        cmocka_unit_test(without_a_secret_nothing_is_signed_or_verified),
        cmocka_unit_test(signed_but_odd_claims_are_refused),
        cmocka_unit_test(a_name_of_256_bytes_is_refused),
        cmocka_unit_test(a_token_lives_until_the_second_before_exp),
        cmocka_unit_test(the_longest_life_is_that_of_the_settings),
        cmocka_unit_test(any_other_head_is_refused),
        cmocka_unit_test(other_hmacs_with_the_same_key_are_refused),
        cmocka_unit_test(other_keys_are_refused),
        cmocka_unit_test(a_token_is_of_its_room_alone),
        cmocka_unit_test(texts_that_are_no_tokens_are_refused),
        cmocka_unit_test(anything_before_behind_or_within_a_good_token_is_refused),
        cmocka_unit_test(parts_left_out_or_empty_are_refused),
        cmocka_unit_test(a_token_cut_off_anywhere_is_refused),
        cmocka_unit_test(a_changed_byte_anywhere_is_refused),
        cmocka_unit_test(no_other_last_character_is_as_good),
        cmocka_unit_test(texts_over_2048_bytes_are_not_looked_at),
        cmocka_unit_test(what_could_not_be_read_is_not_written),
        cmocka_unit_test(who_is_made_of_person_and_room),
        cmocka_unit_test(a_name_has_1_to_max_bytes),
        cmocka_unit_test(a_name_is_clean_text_without_outer_spaces),
    };

    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
