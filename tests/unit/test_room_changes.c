/* SPDX-License-Identifier: MIT
 * common/room: the rules of contract section 1 for changing a room, and what a room says of itself.
 */
#include "common/room.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HASH "$y$j9T$some$hash"

static void assert_text(struct str s, const char *word)
{
    if (!str_is(s, word))
        fail_msg("\"%.*s\" is not \"%s\"", (int)s.n, s.p ? s.p : "(absent)", word);
}

static void assert_refused(enum err e, struct str field, const char *member)
{
    assert_int_equal(e, ERR_ROOM_CONTENT);
    assert_text(field, member);
}

/* ---- changing ---- */

static struct room stored(enum visibility v)
{
    struct room room = {
        .id = 5, .visibility = v, .owned = true, .title = "Lobby", .description = "Come in"
    };

    if (v != ROOM_PUBLIC)
        memcpy(room.password, HASH, sizeof HASH);
    memcpy(room.title_key, "lobby", sizeof "lobby");
    return room;
}

static enum err change(struct room *room, struct room_input in, bool secret, bool *new_password,
                       struct str *field)
{
    return room_apply(room, &in, false, secret, new_password, field);
}

static void what_is_not_given_stays(void **state)
{
    (void)state;
    for (enum visibility v = ROOM_PUBLIC; v <= ROOM_HIDDEN; v++) {
        struct room room = stored(v), before = stored(v);
        bool new_password = true;
        struct str field;

        assert_int_equal(change(&room, (struct room_input){ 0 }, false, &new_password, &field), ERR_OK);
        assert_false(new_password);
        assert_string_equal(room.title, before.title);
        assert_string_equal(room.title_key, before.title_key);
        assert_string_equal(room.description, before.description);
        assert_string_equal(room.password, before.password);
        assert_int_equal(room.visibility, v);
        assert_true(room.owned);
    }
}

static void a_new_title_and_description_obey_the_rules(void **state)
{
    struct room room = stored(ROOM_PUBLIC);
    bool new_password;
    struct str field;

    (void)state;
    assert_int_equal(change(&room, (struct room_input){ .title = STR("New"), .description = STR("") }, false,
                            &new_password, &field),
                     ERR_OK);
    assert_string_equal(room.title, "New");
    assert_string_equal(room.title_key, "new");
    assert_string_equal(room.description, "");
    assert_refused(change(&room, (struct room_input){ .title = STR("5") }, false, &new_password, &field),
                   field, "title");
    assert_refused(change(&room, (struct room_input){ .title = STR("") }, false, &new_password, &field),
                   field, "title");
    assert_refused(change(&room, (struct room_input){ .visibility = STR("") }, false, &new_password, &field),
                   field, "visibility");
}

static void opening_drops_the_password_and_keeps_the_owner(void **state)
{
    (void)state;
    for (enum visibility v = ROOM_PRIVATE; v <= ROOM_HIDDEN; v++) {
        struct room room = stored(v);
        bool new_password;
        struct str field;

        assert_int_equal(
            change(&room, (struct room_input){ .visibility = STR("public") }, true, &new_password, &field),
            ERR_OK);
        assert_string_equal(room.password, "");
        assert_string_equal(room.title_key, "lobby");
        assert_false(new_password);
        assert_true(room.owned);
    }
}

static void opening_with_a_password_is_refused(void **state)
{
    struct room room = stored(ROOM_PRIVATE);
    bool new_password;
    struct str field;

    (void)state;
    assert_refused(change(&room,
                          (struct room_input){ .visibility = STR("public"), .password = STR("12345678") },
                          false, &new_password, &field),
                   field, "visibility");
    room = stored(ROOM_PUBLIC);
    assert_refused(
        change(&room, (struct room_input){ .password = STR("12345678") }, false, &new_password, &field),
        field, "visibility");
}

static void closing_needs_a_password(void **state)
{
    static const char *const words[] = { "private", "hidden" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct room room = stored(ROOM_PUBLIC);
        struct room_input in = { .visibility = str_of(words[i]) };
        bool new_password;
        struct str field;

        assert_refused(change(&room, in, false, &new_password, &field), field, "password");
        room = stored(ROOM_PUBLIC);
        in.password = STR("12345678");
        assert_int_equal(change(&room, in, false, &new_password, &field), ERR_OK);
        assert_true(new_password);
    }
}

static void private_and_hidden_change_into_each_other_with_their_password(void **state)
{
    struct room room = stored(ROOM_PRIVATE);
    bool new_password;
    struct str field;

    (void)state;
    assert_int_equal(
        change(&room, (struct room_input){ .visibility = STR("hidden") }, false, &new_password, &field),
        ERR_OK);
    assert_int_equal(room.visibility, ROOM_HIDDEN);
    assert_string_equal(room.password, HASH);
    assert_false(new_password);
    assert_int_equal(
        change(&room, (struct room_input){ .visibility = STR("private") }, false, &new_password, &field),
        ERR_OK);
    assert_int_equal(room.visibility, ROOM_PRIVATE);
    assert_string_equal(room.password, HASH);
    assert_false(new_password);
}

static void a_password_given_is_to_be_hashed(void **state)
{
    struct room room = stored(ROOM_PRIVATE);
    bool new_password = false;
    struct str field;

    (void)state;
    assert_int_equal(
        change(&room, (struct room_input){ .password = STR("12345678") }, false, &new_password, &field),
        ERR_OK);
    assert_true(new_password);
    assert_refused(
        change(&room, (struct room_input){ .password = STR("1234567") }, false, &new_password, &field), field,
        "password");
    assert_int_equal(change(&room, (struct room_input){ .password = STR("") }, false, &new_password, &field),
                     ERR_OK);
    assert_false(new_password);
}

/* ---- hidden_rooms=secret ---- */

static void a_secret_room_is_made_without_a_key(void **state)
{
    struct room_input in = { .title = STR("Den"), .visibility = STR("hidden"), .password = STR("12345678") };
    struct room room = { 0 };
    bool new_password;
    struct str field;

    (void)state;
    assert_int_equal(room_apply(&room, &in, true, true, &new_password, &field), ERR_OK);
    assert_string_equal(room.title_key, "");
    in.visibility = STR("private");
    assert_int_equal(room_apply(&room, &in, true, true, &new_password, &field), ERR_OK);
    assert_string_equal(room.title_key, "den");
    in.visibility = STR("hidden");
    assert_int_equal(room_apply(&room, &in, true, false, &new_password, &field), ERR_OK);
    assert_string_equal(room.title_key, "den");
}

static void hiding_a_room_is_refused_where_hidden_rooms_are_secret(void **state)
{
    struct room_input in = { .visibility = STR("hidden"), .password = STR("12345678") };
    struct room room = stored(ROOM_PUBLIC);
    bool new_password;
    struct str field;

    (void)state;
    assert_refused(change(&room, in, true, &new_password, &field), field, "visibility");
    room = stored(ROOM_PRIVATE);
    assert_refused(change(&room, in, true, &new_password, &field), field, "visibility");
    room = stored(ROOM_HIDDEN);
    room.title_key[0] = '\0';
    assert_int_equal(change(&room, in, true, &new_password, &field), ERR_OK);
    assert_string_equal(room.title_key, "");
}

static void a_room_made_secret_stays_so_until_it_is_hidden_no_more(void **state)
{
    struct room room = stored(ROOM_HIDDEN);
    bool new_password;
    struct str field;

    (void)state;
    room.title_key[0] = '\0';
    assert_int_equal(change(&room, (struct room_input){ .title = STR("Den") }, false, &new_password, &field),
                     ERR_OK);
    assert_string_equal(room.title_key, "");
    assert_int_equal(
        change(&room, (struct room_input){ .visibility = STR("private") }, true, &new_password, &field),
        ERR_OK);
    assert_string_equal(room.title_key, "den");
}

/* ---- out ---- */

static void a_room_says_its_members_in_order_and_no_more(void **state)
{
    struct room room = stored(ROOM_PRIVATE);
    struct room_user user = {
        .name = STR("A\"nn"), .color = STR("blue"), .active_ms = 1795507200123, .verified = true
    };
    struct buf out = { 0 }, users = { 0 };

    (void)state;
    room.created_ms = 1795507200000;
    room.updated_ms = 1795507201999;
    memcpy(room.description, "\"x\"", 4);
    buf_char(&users, '[');
    room_user_json(&users, &user);
    user.verified = false;
    buf_char(&users, ',');
    room_user_json(&users, &user);
    buf_char(&users, ']');
    room_json(&out, &room, buf_all(&users));
    assert_text(buf_all(&out),
                "{\"title\":\"Lobby\",\"description\":\"\\\"x\\\"\",\"visibility\":\"private\","
                "\"createdAt\":\"2026-11-24T08:00:00.000Z\",\"updatedAt\":\"2026-11-24T08:00:01.999Z\","
                "\"id\":5,\"users\":["
                "{\"username\":\"A\\\"nn\",\"color\":\"blue\",\"last_activity\":\"2026-11-24T08:00:00.123Z\","
                "\"verified\":true},"
                "{\"username\":\"A\\\"nn\",\"color\":\"blue\",\"last_activity\":\"2026-11-24T08:00:00.123Z\","
                "\"verified\":false}]");
    buf_free(&out);
    buf_free(&users);
}

static void new_rooms_get_keys_and_epochs_of_their_own(void **state)
{
    struct room a = { 0 }, b = { 0 };

    (void)state;
    room_init(&a, 77);
    room_init(&b, 78);
    assert_int_equal(a.created_ms, 77);
    assert_int_equal(a.updated_ms, 77);
    assert_int_equal(a.id, 0);
    assert_memory_not_equal(a.key, b.key, ROOM_KEY_SIZE);
    assert_true(a.epoch != b.epoch && a.epoch && b.epoch);
}

/* One draw in 8192 is too small and drawn again: enough are made to see that. */
static void only_hidden_rooms_get_a_random_id(void **state)
{
    int64_t all = 0;

    (void)state;
    for (int i = 0; i < 60000; i++) {
        struct room room = { .visibility = ROOM_HIDDEN };

        room_init(&room, 1);
        assert_in_range(room.id, ROOM_HIDDEN_ID_MIN, ROOM_ID_MAX);
        all |= room.id;
    }
    assert_int_equal(all, ROOM_ID_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_given_stays),
        cmocka_unit_test(a_new_title_and_description_obey_the_rules),
        cmocka_unit_test(opening_drops_the_password_and_keeps_the_owner),
        cmocka_unit_test(opening_with_a_password_is_refused),
        cmocka_unit_test(closing_needs_a_password),
        cmocka_unit_test(private_and_hidden_change_into_each_other_with_their_password),
        cmocka_unit_test(a_password_given_is_to_be_hashed),
        cmocka_unit_test(a_secret_room_is_made_without_a_key),
        cmocka_unit_test(hiding_a_room_is_refused_where_hidden_rooms_are_secret),
        cmocka_unit_test(a_room_made_secret_stays_so_until_it_is_hidden_no_more),
        cmocka_unit_test(a_room_says_its_members_in_order_and_no_more),
        cmocka_unit_test(new_rooms_get_keys_and_epochs_of_their_own),
        cmocka_unit_test(only_hidden_rooms_get_a_random_id),
    };

    return cmocka_run_group_tests_name("room_changes", tests, NULL, NULL);
}
