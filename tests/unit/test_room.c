/* SPDX-License-Identifier: MIT
 * common/room: what a body says, and the rules of contract section 1 for a new room, each to its boundary.
 * Changing one is in test_room_changes.c.
 */
#include "common/room.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct json_reader *reader;

static int open_reader(void **state)
{
    (void)state;
    reader = json_reader_new();
    return reader ? 0 : -1;
}

static int close_reader(void **state)
{
    (void)state;
    json_reader_free(reader);
    return 0;
}

static void assert_text(struct str s, const char *word)
{
    if (!str_is(s, word))
        fail_msg("\"%.*s\" is not \"%s\"", (int)s.n, s.p ? s.p : "(absent)", word);
}

/* n times the same text. */
static char *repeat(const char *s, size_t n)
{
    struct buf out = { 0 };

    for (size_t i = 0; i < n; i++)
        buf_text(&out, s);
    buf_char(&out, '\0');
    assert_true(buf_ok(&out));
    return out.data;
}

/* ---- room_input_read ---- */

static void a_body_gives_its_members(void **state)
{
    struct room_input in;
    struct str field;

    (void)state;
    assert_int_equal(
        room_input_read(&in, reader,
                        STR("{\"title\":\"T\\u0021\",\"description\":\"D\",\"visibility\":\"Private\","
                            "\"password\":\"secret word\",\"owned\":true,\"id\":\"x\",\"createdAt\":null}"),
                        &field),
        ERR_OK);
    assert_text(in.title, "T!");
    assert_text(in.description, "D");
    assert_text(in.visibility, "Private");
    assert_text(in.password, "secret word");
    assert_true(in.owned);
}

static void an_empty_body_is_an_empty_object(void **state)
{
    struct room_input in;
    struct str field;

    (void)state;
    assert_int_equal(room_input_read(&in, reader, STR(""), &field), ERR_OK);
    assert_int_equal(room_input_read(&in, reader, (struct str){ 0 }, &field), ERR_OK);
    assert_null(in.title.p);
    assert_null(in.description.p);
    assert_null(in.visibility.p);
    assert_null(in.password.p);
    assert_false(in.owned);
}

static void an_empty_password_is_none_and_an_empty_title_is_a_title(void **state)
{
    struct room_input in;
    struct str field;

    (void)state;
    assert_int_equal(
        room_input_read(&in, reader, STR("{\"password\":\"\",\"title\":\"\",\"owned\":false}"), &field),
        ERR_OK);
    assert_null(in.password.p);
    assert_text(in.title, "");
    assert_false(in.owned);
}

static void what_is_no_object_is_103_without_a_field(void **state)
{
    static const char *const bad[] = {
        " ", "[]", "1", "null", "{", "{}}", "title=x", "{\"a\":1,\"a\":2}", "{\"title\":\"\xff\"}"
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct room_input in;
        struct str field = STR("?");

        assert_int_equal(room_input_read(&in, reader, str_of(bad[i]), &field), ERR_ROOM_JSON);
        assert_null(field.p);
    }
}

static void members_of_a_wrong_type_are_103_and_named(void **state)
{
    static const char *const names[] = { "title", "description", "visibility", "password", "owned" };
    static const char *const values[] = { "null", "1", "[]", "{}", "true", "\"true\"" };

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 6; j++) {
            bool right = j == (i == 4 ? 4 : 5);
            char body[100];
            struct room_input in;
            struct str field;

            snprintf(body, sizeof body, "{\"%s\":%s}", names[i], values[j]);
            assert_int_equal(room_input_read(&in, reader, str_of(body), &field),
                             right ? ERR_OK : ERR_ROOM_JSON);
            if (!right)
                assert_text(field, names[i]);
        }
    }
}

/* ---- creating ---- */

static enum err create(struct room *room, const char *title, const char *visibility, const char *password,
                       struct str *field)
{
    struct room_input in = {
        .title = str_of(title),
        .visibility = str_of(visibility),
        .password = str_of(password),
    };
    bool new_password;

    *room = (struct room){ 0 };
    return room_apply(room, &in, true, false, &new_password, field);
}

static void assert_refused(enum err e, struct str field, const char *member)
{
    assert_int_equal(e, ERR_ROOM_CONTENT);
    assert_text(field, member);
}

static void assert_title(const char *title, bool good)
{
    struct room room;
    struct str field;
    enum err e = create(&room, title, "public", NULL, &field);

    if (good != (e == ERR_OK))
        fail_msg("%s: %s", good ? "refused" : "taken", title);
    if (!good)
        assert_text(field, "title");
}

static void a_title_has_2_to_70_characters_after_nfc(void **state)
{
    static const struct {
        const char *one;
        size_t n;
        bool good;
    } titles[] = {
        { "a", 1, false },
        { "a", 2, true },
        { "a", 70, true },
        { "a", 71, false },
        { "\xc3\xa9", 1, false },
        { "\xc3\xa9", 2, true },
        { "\xf0\x9f\x98\x80", 1, false },
        { "\xf0\x9f\x98\x80", 2, true },
        { "\xf0\x9f\x98\x80", 70, true },
        { "\xf0\x9f\x98\x80", 71, false },
        { "e\xcc\x81", 1, false }, /* two code points, one after NFC */
        { "e\xcc\x81", 70, true },
        { "e\xcc\x81", 71, false },
        { "\xe0\xa5\x98", 35, true }, /* one code point, two after NFC */
        { "\xe0\xa5\x98", 36, false },
    };

    (void)state;
    assert_title("", false);
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        char *title = repeat(titles[i].one, titles[i].n);

        assert_title(title, titles[i].good);
        free(title);
    }
}

static void a_title_is_kept_in_nfc_and_found_by_its_folded_key(void **state)
{
    struct room room;
    struct str field;

    (void)state;
    assert_int_equal(create(&room,
                            "Cafe\xcc\x81 STRA\xc3\x9f"
                            "E",
                            "public", NULL, &field),
                     ERR_OK);
    assert_text(str_of(room.title), "Caf\xc3\xa9 STRA\xc3\x9f"
                                    "E");
    assert_text(str_of(room.title_key), "caf\xc3\xa9 strasse");
}

static void a_key_that_grows_by_folding_still_fits(void **state)
{
    char *title = repeat("\xce\x90", 70); /* U+0390 folds to three code points */
    struct room room;
    struct str field;

    (void)state;
    assert_int_equal(create(&room, title, "public", NULL, &field), ERR_OK);
    assert_true(strlen(room.title_key) > 0);
    free(title);
}

static void a_title_is_not_only_digits(void **state)
{
    (void)state;
    assert_title("12", false);
    assert_title("0000000000000000000000000000", false);
    assert_title("1a", true);
    assert_title("1.5", true);
    assert_title("-1", true);
    assert_title("1 2", true);
}

static void a_title_has_no_control_bidi_or_line_separator_characters(void **state)
{
    static const char *const bad[] = {
        "a\tb",
        "a\nb",
        "a\x7f"
        "b",
        "a\x01",
        "a\xc2\x85"
        "b",
        "a\xe2\x80\xa8"
        "b",
        "a\xe2\x80\xa9"
        "b",
        "a\xe2\x80\xae"
        "b",
        "a\xe2\x81\xa6"
        "b",
        "a\xe2\x80\x8f"
        "b",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_title(bad[i], false);
}

static void a_title_has_no_nul(void **state)
{
    struct room_input in = { .title = { "ab\0cd", 5 }, .visibility = { "public", 6 } };
    struct room room = { 0 };
    bool new_password;
    struct str field;

    (void)state;
    assert_refused(room_apply(&room, &in, true, false, &new_password, &field), field, "title");
}

static void a_title_has_no_outer_spaces(void **state)
{
    (void)state;
    assert_title(" ab", false);
    assert_title("ab ", false);
    assert_title("  ", false);
    assert_title("\xc2\xa0"
                 "ab",
                 false);
    assert_title("ab\xe3\x80\x80", false);
    assert_title("a b", true);
}

static void a_title_is_utf8(void **state)
{
    (void)state;
    assert_title("ab\xff", false);
    assert_title("ab\xed\xa0\x80", false);
    assert_title("\xc0\xaf"
                 "ab",
                 false);
}

static void a_title_is_no_word_of_the_api(void **state)
{
    static const char *const bad[] = { "all", "ALL", "aLl", "events", "Events", "EVENTS", ".", ".." };
    static const char *const good[] = { "all1", "al",  "event", "events!", "...",
                                        "./",   "a..", "ws",    "token",   "chats" };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_title(bad[i], false);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_title(good[i], true);
}

static enum err describe(struct room *room, struct str description, struct str *field)
{
    struct room_input in = { .title = { "Lobby", 5 },
                             .visibility = { "public", 6 },
                             .description = description };
    bool new_password;

    *room = (struct room){ 0 };
    return room_apply(room, &in, true, false, &new_password, field);
}

static void a_description_has_at_most_70_characters(void **state)
{
    char *most = repeat("\xf0\x9f\x98\x80", 70), *over = repeat("a", 71);
    struct room room;
    struct str field;

    (void)state;
    assert_int_equal(describe(&room, str_of(most), &field), ERR_OK);
    assert_text(str_of(room.description), most);
    assert_int_equal(describe(&room, STR(""), &field), ERR_OK);
    assert_int_equal(describe(&room, STR(" two\nlines "), &field), ERR_OK);
    assert_int_equal(describe(&room, (struct str){ 0 }, &field), ERR_OK);
    assert_text(str_of(room.description), "");
    assert_refused(describe(&room, str_of(over), &field), field, "description");
    free(most);
    free(over);
}

static void a_description_is_utf8_without_nul_and_kept_in_nfc(void **state)
{
    struct room room;
    struct str field;

    (void)state;
    assert_refused(describe(&room, STR("\xff"), &field), field, "description");
    assert_refused(describe(&room, STR("a\0b"), &field), field, "description");
    assert_int_equal(describe(&room, STR("e\xcc\x81"), &field), ERR_OK);
    assert_text(str_of(room.description), "\xc3\xa9");
}

static void visibility_is_read_in_any_case_and_said_in_lower_case(void **state)
{
    static const char *const said[] = { "PUBLIC", "Private", "hiddeN" };
    static const char *const kept[] = { "public", "private", "hidden" };
    static const char *const bad[] = { "", "publi", "publicc", " public", "open", "0", "public\n" };
    enum visibility v;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(visibility_read(str_of(said[i]), &v));
        assert_int_equal(v, i);
        assert_string_equal(visibility_word(v), kept[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(visibility_read(str_of(bad[i]), &v));
    assert_false(visibility_read((struct str){ 0 }, &v));
}

static void a_new_room_needs_title_and_visibility(void **state)
{
    struct room room;
    struct str field;

    (void)state;
    assert_refused(create(&room, NULL, "public", NULL, &field), field, "title");
    assert_refused(create(&room, "Lobby", NULL, NULL, &field), field, "visibility");
    assert_refused(create(&room, "Lobby", "secret", NULL, &field), field, "visibility");
    assert_refused(create(&room, NULL, NULL, NULL, &field), field, "title");
}

static void private_and_hidden_rooms_need_a_password(void **state)
{
    struct room room;
    struct str field;

    (void)state;
    assert_refused(create(&room, "Lobby", "private", NULL, &field), field, "password");
    assert_refused(create(&room, "Lobby", "hidden", NULL, &field), field, "password");
    assert_refused(create(&room, "Lobby", "private", "", &field), field, "password");
    assert_int_equal(create(&room, "Lobby", "private", "12345678", &field), ERR_OK);
    assert_int_equal(create(&room, "Lobby", "hidden", "12345678", &field), ERR_OK);
}

static void a_password_has_8_to_511_bytes_without_nul(void **state)
{
    char *most = repeat("p", 511), *over = repeat("p", 512);
    struct room_input in = { .title = { "Lobby", 5 },
                             .visibility = { "private", 7 },
                             .password = { "1234\0678", 9 } };
    struct room room = { 0 };
    struct str field;
    bool new_password;

    (void)state;
    assert_refused(room_apply(&room, &in, true, false, &new_password, &field), field, "password");
    assert_refused(create(&room, "Lobby", "private", "1234567", &field), field, "password");
    assert_int_equal(create(&room, "Lobby", "private", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", &field), ERR_OK);
    assert_int_equal(create(&room, "Lobby", "private", most, &field), ERR_OK);
    assert_refused(create(&room, "Lobby", "private", over, &field), field, "password");
    free(most);
    free(over);
}

static void a_public_room_with_a_password_is_refused(void **state)
{
    struct room room;
    struct str field;

    (void)state;
    assert_refused(create(&room, "Lobby", "public", "12345678", &field), field, "visibility");
    assert_refused(create(&room, "Lobby", "public", "1", &field), field, "visibility");
    assert_int_equal(create(&room, "Lobby", "public", "", &field), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_gives_its_members),
        cmocka_unit_test(an_empty_body_is_an_empty_object),
        cmocka_unit_test(an_empty_password_is_none_and_an_empty_title_is_a_title),
        cmocka_unit_test(what_is_no_object_is_103_without_a_field),
        cmocka_unit_test(members_of_a_wrong_type_are_103_and_named),
        cmocka_unit_test(a_title_has_2_to_70_characters_after_nfc),
        cmocka_unit_test(a_title_is_kept_in_nfc_and_found_by_its_folded_key),
        cmocka_unit_test(a_key_that_grows_by_folding_still_fits),
        cmocka_unit_test(a_title_is_not_only_digits),
        cmocka_unit_test(a_title_has_no_control_bidi_or_line_separator_characters),
        cmocka_unit_test(a_title_has_no_nul),
        cmocka_unit_test(a_title_has_no_outer_spaces),
        cmocka_unit_test(a_title_is_utf8),
        cmocka_unit_test(a_title_is_no_word_of_the_api),
        cmocka_unit_test(a_description_has_at_most_70_characters),
        cmocka_unit_test(a_description_is_utf8_without_nul_and_kept_in_nfc),
        cmocka_unit_test(visibility_is_read_in_any_case_and_said_in_lower_case),
        cmocka_unit_test(a_new_room_needs_title_and_visibility),
        cmocka_unit_test(private_and_hidden_rooms_need_a_password),
        cmocka_unit_test(a_password_has_8_to_511_bytes_without_nul),
        cmocka_unit_test(a_public_room_with_a_password_is_refused),
    };

    return cmocka_run_group_tests_name("room", tests, open_reader, close_reader);
}
