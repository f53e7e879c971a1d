/* SPDX-License-Identifier: MIT
 * common/token: good tokens are read as they were written, in their room and their time. Forged ones are in
 * test_token_forged.c.
 */
#include "common/token.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/token_forge.h"

static struct token example(void)
{
    struct token t = {
        .name = "Ann \xc3\xa9\"\\", .role = ROLE_MEMBER, .room_id = ROOM, .issued = NOW, .expires = NOW + 3600
    };

    for (size_t i = 0; i < TOKEN_PERSON_SIZE; i++)
        t.person[i] = (uint8_t)(i * 17);
    return t;
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
        assert_true(token_read(&back, buf_all(&out), &s, ROOM, room_key, NOW));
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
    assert_true(token_read(&back, buf_all(&out), &s, ROOM_ID_MAX, room_key, NOW));
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
    assert_true(token_read(&back, buf_all(&out), &both, ROOM, room_key, NOW));
    assert_false(token_read(&back, buf_all(&out), &new, ROOM, room_key, NOW));
    buf_clear(&out);
    assert_true(token_write(&out, &t, &both, room_key));
    assert_true(token_read(&back, buf_all(&out), &new, ROOM, room_key, NOW));
    assert_false(token_read(&back, buf_all(&out), &old, ROOM, room_key, NOW));
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
    assert_false(token_read(&back, buf_all(&out), &none, ROOM, room_key, NOW));
    buf_free(&out);
}

/* ---- rooms and times ---- */

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

static void a_token_is_of_its_room_alone(void **state)
{
    struct secrets s = secrets_of(SECRET, NULL);
    struct token t = example(), back;
    struct buf out = { 0 };

    (void)state;
    assert_true(token_write(&out, &t, &s, room_key));
    assert_false(token_read(&back, buf_all(&out), &s, ROOM + 1, room_key, NOW));
    assert_false(token_read(&back, buf_all(&out), &s, ROOM, other_key, NOW));
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
    forge_base64(&text, mac, 6);
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
        cmocka_unit_test(a_token_lives_until_the_second_before_exp),
        cmocka_unit_test(a_token_is_of_its_room_alone),
        cmocka_unit_test(what_could_not_be_read_is_not_written),
        cmocka_unit_test(who_is_made_of_person_and_room),
        cmocka_unit_test(a_name_has_1_to_max_bytes),
        cmocka_unit_test(a_name_is_clean_text_without_outer_spaces),
    };

    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
