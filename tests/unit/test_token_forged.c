/* SPDX-License-Identifier: MIT
 * common/token: forged, stale and odd tokens are refused. Forgeries are signed with the right key wherever
 * they can be, so that it is not the signature alone that refuses them.
 */
#include "common/token.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <jwt.h>

#include "tests/unit/token_forge.h"

static void assert_refused(struct str text, const char *what)
{
    if (reads(text))
        fail_msg("taken: %s", what);
}

static const struct {
    const char *what, *claims;
} odd_claims[] = {
    { "expired exactly now", "{" NAME PLACE "\"exp\":1000000,\"iat\":900000," ROLE SUB "}" },
    { "expired long ago", "{" NAME PLACE "\"exp\":5,\"iat\":1," ROLE SUB "}" },
    { "exp missing", "{" NAME PLACE "\"iat\":1000000," ROLE SUB "}" },
    { "exp a text", "{" NAME PLACE "\"exp\":\"1003600\",\"iat\":1000000," ROLE SUB "}" },
    { "exp a real", "{" NAME PLACE "\"exp\":1003600.0,\"iat\":1000000," ROLE SUB "}" },
    { "exp with an exponent", "{" NAME PLACE "\"exp\":1003600e1,\"iat\":1000000," ROLE SUB "}" },
    { "exp negative", "{" NAME PLACE "\"exp\":-1003600,\"iat\":1000000," ROLE SUB "}" },
    { "exp beyond 64 bits", "{" NAME PLACE "\"exp\":99999999999999999999,\"iat\":1000000," ROLE SUB "}" },
    { "exp in some centuries", "{" NAME PLACE "\"exp\":9223372036854775807,\"iat\":1000000," ROLE SUB "}" },
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

static void signed_but_odd_claims_are_refused(void **state)
{
    struct buf out = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof odd_claims / sizeof *odd_claims; i++) {
        forge_claims(&out, odd_claims[i].claims);
        assert_refused(buf_all(&out), odd_claims[i].what);
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
        forge(&out, HEAD, buf_all(&claims), forge_right_key());
        assert_int_equal(reads(buf_all(&out)), n == 255);
    }
    buf_free(&claims);
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

        forge(&out, heads[i], STR("{" NAME PLACE TIMES ROLE SUB "}"), forge_right_key());
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
        assert_int_equal(
            jwt_set_alg(jwt, algorithms[i], none ? NULL : forge_right_key(), none ? 0 : KEY_SIZE), 0);
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
        forge_key(key, bad[i].secret, bad[i].room, bad[i].with);
        forge(&out, HEAD, STR("{" NAME PLACE TIMES ROLE SUB "}"), key);
        assert_refused(buf_all(&out), bad[i].what);
    }
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
        forge(&out, HEAD, buf_all(&claims), forge_right_key());
        assert_int_equal(reads(buf_all(&out)), out.len <= TOKEN_TEXT_MAX);
        within += out.len <= TOKEN_TEXT_MAX;
    }
    assert_in_range(within, 1, 29);
    buf_free(&claims);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signed_but_odd_claims_are_refused),
        cmocka_unit_test(a_name_of_256_bytes_is_refused),
        cmocka_unit_test(the_longest_life_is_that_of_the_settings),
        cmocka_unit_test(any_other_head_is_refused),
        cmocka_unit_test(other_hmacs_with_the_same_key_are_refused),
        cmocka_unit_test(other_keys_are_refused),
        cmocka_unit_test(texts_that_are_no_tokens_are_refused),
        cmocka_unit_test(anything_before_behind_or_within_a_good_token_is_refused),
        cmocka_unit_test(parts_left_out_or_empty_are_refused),
        cmocka_unit_test(a_token_cut_off_anywhere_is_refused),
        cmocka_unit_test(a_changed_byte_anywhere_is_refused),
        cmocka_unit_test(no_other_last_character_is_as_good),
        cmocka_unit_test(texts_over_2048_bytes_are_not_looked_at),
    };

    return cmocka_run_group_tests_name("token_forged", tests, NULL, NULL);
}
