/* SPDX-License-Identifier: MIT
 * Store suite: rooms one by one. The reader's handle stands for globes.fcgi, the writer's for the relay: both
 * read and write rooms.
 */
#include "tests/unit/store_suite_parts.h"

static void a_new_store_has_no_rooms(void **state)
{
    struct suite *s = *state;
    struct room r;

    assert_int_equal(store_ping(s->reader), STORE_OK);
    assert_int_equal(store_ping(s->writer), STORE_OK);
    assert_int_equal(store_room_get(s->reader, 1, &r), STORE_NONE);
    assert_int_equal(store_room_find(s->reader, STR("lobby"), &r), STORE_NONE);
}

static void a_room_is_found_by_id_and_title_key_through_every_handle(void **state)
{
    struct suite *s = *state;
    struct room lobby = suite_room("Lobby"), got;

    assert_true(str_copy(lobby.title_key, sizeof lobby.title_key, STR("lobby")));
    assert_int_equal(store_room_add(s->reader, &lobby, 10), STORE_OK);
    assert_true(lobby.id > 0 && lobby.order > 0);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(store_room_get(s->writer, lobby.id, &got), STORE_OK);
        assert_room(&got, &lobby);
        assert_int_equal(store_room_find(s->reader, STR("lobby"), &got), STORE_OK);
        assert_room(&got, &lobby);
        assert_int_equal(store_room_find(s->writer, STR("Lobby"), &got), STORE_NONE);
        assert_int_equal(store_room_get(s->reader, lobby.id + 1, &got), STORE_NONE);
        suite_reopen(s);
    }
}

static void ids_and_orders_rise_and_are_never_used_again(void **state)
{
    struct suite *s = *state;
    struct room last = { 0 };

    for (int i = 0; i < 4; i++) {
        struct room r = suite_room_added(s, "newest"); /* the newest, and the only one: removed each time */

        assert_true(r.id > last.id && r.order > last.order);
        assert_int_equal(store_room_remove(s->writer, r.id), STORE_OK);
        last = r;
        if (i % 2)
            suite_reopen(s);
    }
}

static void a_given_id_is_kept_and_those_made_go_on_below(void **state)
{
    struct suite *s = *state;
    struct room first = suite_room_added(s, "first"), hidden = suite_room("hidden"), next, got;

    hidden.id = ROOM_ID_MAX;
    hidden.visibility = ROOM_HIDDEN;
    assert_int_equal(store_room_add(s->reader, &hidden, 10), STORE_OK);
    assert_int_equal(hidden.id, ROOM_ID_MAX);
    assert_true(hidden.order > first.order);
    assert_int_equal(store_room_get(s->writer, ROOM_ID_MAX, &got), STORE_OK);
    assert_room(&got, &hidden);
    next = suite_room_added(s, "next");
    assert_true(next.id > first.id && next.id < ROOM_HIDDEN_ID_MIN);
    assert_true(next.order > hidden.order);
}

static void a_given_id_that_is_there_already_is_refused(void **state)
{
    struct suite *s = *state;
    struct room one = suite_room("one"), other = suite_room("other"), got;

    one.id = other.id = ROOM_HIDDEN_ID_MIN;
    assert_int_equal(store_room_add(s->reader, &one, 10), STORE_OK);
    assert_int_not_equal(store_room_add(s->writer, &other, 10), STORE_OK);
    assert_int_equal(store_room_get(s->reader, one.id, &got), STORE_OK);
    assert_room(&got, &one);
    assert_int_equal(store_room_find(s->reader, STR("other"), &got), STORE_NONE);
}

static void a_title_key_is_unique_until_its_room_is_removed(void **state)
{
    struct suite *s = *state;
    struct room one = suite_room_added(s, "same"), two = suite_room("same"), got;

    assert_int_equal(store_room_add(s->writer, &two, 10), STORE_TAKEN);
    assert_int_equal(two.id, 0);
    assert_int_equal(store_room_find(s->writer, STR("same"), &got), STORE_OK);
    assert_room(&got, &one);
    assert_int_equal(store_room_remove(s->reader, one.id), STORE_OK);
    assert_int_equal(store_room_find(s->writer, STR("same"), &got), STORE_NONE);
    assert_int_equal(store_room_add(s->writer, &two, 10), STORE_OK);
}

static void rooms_without_title_key_never_collide_and_are_found_by_id_alone(void **state)
{
    struct suite *s = *state;
    struct room one = suite_room("unlisted"), two = suite_room("unlisted"), got;

    one.title_key[0] = two.title_key[0] = '\0';
    assert_int_equal(store_room_add(s->reader, &one, 10), STORE_OK);
    assert_int_equal(store_room_add(s->reader, &two, 10), STORE_OK);
    assert_int_equal(store_room_find(s->reader, STR(""), &got), STORE_NONE);
    assert_int_equal(store_room_find(s->reader, STR("unlisted"), &got), STORE_NONE);
    assert_int_equal(store_room_get(s->reader, one.id, &got), STORE_OK);
    assert_room(&got, &one);
    assert_int_equal(store_room_get(s->reader, two.id, &got), STORE_OK);
    assert_room(&got, &two);
}

/* Every text as long as its member takes, every number at its end. */
static void fill_to_the_brim(struct room *r)
{
    static const char hard[] = "\xf0\x9f\x8c\x8d"; /* U+1F30D */

    for (size_t i = 0; i + 4 < sizeof r->title; i += 4)
        memcpy(r->title + i, hard, 4);
    memset(r->title_key, 'k', sizeof r->title_key - 1);
    memcpy(r->title_key, "'\"%_\\", 5);
    memset(r->description, '"', sizeof r->description - 1);
    memset(r->password, '$', sizeof r->password - 1);
    r->visibility = ROOM_PRIVATE;
    r->owned = true;
    for (size_t i = 0; i < sizeof r->owner; i++)
        r->owner[i] = (uint8_t)(255 - i);
    for (size_t i = 0; i < sizeof r->key; i++)
        r->key[i] = (uint8_t)(16 * i); /* begins with a NUL */
    r->epoch = UINT64_MAX;
    r->created_ms = INT64_C(253402300799999); /* the end of the year 9999 */
    r->updated_ms = INT64_C(253402300799998);
}

static void every_field_survives_at_its_longest(void **state)
{
    struct suite *s = *state;
    struct room full = { 0 }, got;

    fill_to_the_brim(&full);
    assert_int_equal(strlen(full.title), 280);
    assert_int_equal(strlen(full.password), 383);
    assert_int_equal(store_room_add(s->reader, &full, 10), STORE_OK);
    suite_reopen(s);
    assert_int_equal(store_room_get(s->writer, full.id, &got), STORE_OK);
    assert_room(&got, &full);
    assert_int_equal(store_room_find(s->writer, str_of(full.title_key), &got), STORE_OK);
    assert_room(&got, &full);
}

static void every_field_survives_empty(void **state)
{
    struct suite *s = *state;
    struct room bare = { 0 }, got;

    assert_int_equal(store_room_add(s->reader, &bare, 10), STORE_OK);
    assert_int_equal(store_room_get(s->writer, bare.id, &got), STORE_OK);
    assert_room(&got, &bare);
}

static void an_update_stores_every_field(void **state)
{
    struct suite *s = *state;
    struct room r = suite_room_added(s, "before"), got;
    int64_t version = r.version;

    fill_to_the_brim(&r);
    assert_int_equal(store_room_update(s->reader, &r), STORE_OK);
    assert_int_not_equal(r.version, version);
    assert_int_equal(store_room_get(s->writer, r.id, &got), STORE_OK);
    assert_room(&got, &r);
    assert_int_equal(store_room_find(s->writer, STR("before"), &got), STORE_NONE);
    r.owned = false;
    r.password[0] = r.description[0] = r.title_key[0] = '\0';
    r.visibility = ROOM_HIDDEN;
    r.epoch = UINT64_C(1) << 63;
    assert_int_equal(store_room_update(s->writer, &r), STORE_OK);
    suite_reopen(s);
    assert_int_equal(store_room_get(s->reader, r.id, &got), STORE_OK);
    assert_room(&got, &r);
}

static void an_update_of_an_old_version_is_refused_and_stores_nothing(void **state)
{
    struct suite *s = *state;
    struct room mine = suite_room_added(s, "room"), theirs = mine, got;

    theirs.created_ms = 7;
    assert_int_equal(store_room_update(s->writer, &theirs), STORE_OK);
    mine.updated_ms = 8;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_room_update(s->reader, &mine), STORE_CHANGED);
        assert_int_equal(store_room_get(s->reader, mine.id, &got), STORE_OK);
        assert_room(&got, &theirs);
    }
    got.updated_ms = 8;
    assert_int_equal(store_room_update(s->reader, &got), STORE_OK);
}

static void an_update_of_a_removed_room_makes_none(void **state)
{
    struct suite *s = *state;
    struct room r = suite_room_added(s, "room"), got;

    assert_int_equal(store_room_remove(s->writer, r.id), STORE_OK);
    assert_int_equal(store_room_update(s->reader, &r), STORE_NONE);
    assert_int_equal(store_room_get(s->reader, r.id, &got), STORE_NONE);
}

static void an_update_cannot_take_another_rooms_title_key(void **state)
{
    struct suite *s = *state;
    struct room one = suite_room_added(s, "one"), two = suite_room_added(s, "two"), was = two, got;

    assert_true(str_copy(two.title_key, sizeof two.title_key, STR("one")));
    two.updated_ms = 9;
    assert_int_equal(store_room_update(s->reader, &two), STORE_TAKEN);
    assert_int_equal(two.version, was.version);
    assert_int_equal(store_room_get(s->writer, was.id, &got), STORE_OK);
    assert_room(&got, &was);
    assert_true(str_copy(one.title_key, sizeof one.title_key, STR("three")));
    assert_int_equal(store_room_update(s->reader, &one), STORE_OK);
    assert_int_equal(store_room_update(s->reader, &two), STORE_OK); /* it is free now */
}

static void rooms_may_all_lose_their_title_key_by_update(void **state)
{
    struct suite *s = *state;
    struct room room[2] = { suite_room_added(s, "one"), suite_room_added(s, "two") };

    for (int i = 0; i < 2; i++) {
        room[i].title_key[0] = '\0';
        assert_int_equal(store_room_update(s->reader, &room[i]), STORE_OK);
    }
}

static void a_removed_room_is_gone_and_can_be_removed_only_once(void **state)
{
    struct suite *s = *state;
    struct room r = suite_room_added(s, "room"), other = suite_room_added(s, "other"), got;

    assert_int_equal(store_room_remove(s->reader, r.id), STORE_OK);
    assert_int_equal(store_room_remove(s->reader, r.id), STORE_NONE);
    assert_int_equal(store_room_remove(s->writer, r.id), STORE_NONE);
    assert_int_equal(store_room_get(s->writer, r.id, &got), STORE_NONE);
    assert_int_equal(store_room_get(s->writer, other.id, &got), STORE_OK);
    assert_room(&got, &other);
}

static void rooms_max_counts_every_room_and_refuses_beyond(void **state)
{
    struct suite *s = *state;
    struct room none = suite_room("none"), hidden = suite_room("hidden"), more = suite_room("more"), got;

    assert_int_equal(store_room_add(s->reader, &none, 0), STORE_LIMIT);
    suite_room_added(s, "public");
    hidden.id = ROOM_HIDDEN_ID_MIN + 1;
    hidden.visibility = ROOM_HIDDEN;
    assert_int_equal(store_room_add(s->reader, &hidden, 2), STORE_OK);
    assert_int_equal(store_room_add(s->writer, &more, 2), STORE_LIMIT);
    assert_int_equal(more.id, 0);
    assert_int_equal(store_room_find(s->reader, STR("more"), &got), STORE_NONE);
    assert_int_equal(store_room_remove(s->reader, hidden.id), STORE_OK);
    assert_int_equal(store_room_add(s->writer, &more, 2), STORE_OK);
}

/* The version as both handles see it must be another one than before. */
static void assert_version_moved(struct suite *s, uint64_t before[2])
{
    uint64_t now[2];

    assert_int_equal(store_rooms_version(s->reader, &now[0]), STORE_OK);
    assert_int_equal(store_rooms_version(s->writer, &now[1]), STORE_OK);
    assert_int_not_equal(now[0], before[0]);
    assert_int_not_equal(now[1], before[1]);
    memcpy(before, now, sizeof now);
}

static void the_version_of_rooms_moves_with_ones_own_changes_and_others(void **state)
{
    struct suite *s = *state;
    uint64_t version[2];
    struct room r;

    assert_int_equal(store_rooms_version(s->reader, &version[0]), STORE_OK);
    assert_int_equal(store_rooms_version(s->writer, &version[1]), STORE_OK);
    r = suite_room_added(s, "room");
    assert_version_moved(s, version);
    assert_int_equal(store_room_update(s->reader, &r), STORE_OK);
    assert_version_moved(s, version);
    assert_int_equal(store_room_update(s->writer, &r), STORE_OK);
    assert_version_moved(s, version);
    assert_int_equal(store_room_remove(s->writer, r.id), STORE_OK);
    assert_version_moved(s, version);
    r = suite_room("another");
    assert_int_equal(store_room_add(s->writer, &r, 10), STORE_OK);
    assert_version_moved(s, version);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_new_store_has_no_rooms),
    cmocka_unit_test(a_room_is_found_by_id_and_title_key_through_every_handle),
    cmocka_unit_test(ids_and_orders_rise_and_are_never_used_again),
    cmocka_unit_test(a_given_id_is_kept_and_those_made_go_on_below),
    cmocka_unit_test(a_given_id_that_is_there_already_is_refused),
    cmocka_unit_test(a_title_key_is_unique_until_its_room_is_removed),
    cmocka_unit_test(rooms_without_title_key_never_collide_and_are_found_by_id_alone),
    cmocka_unit_test(every_field_survives_at_its_longest),
    cmocka_unit_test(every_field_survives_empty),
    cmocka_unit_test(an_update_stores_every_field),
    cmocka_unit_test(an_update_of_an_old_version_is_refused_and_stores_nothing),
    cmocka_unit_test(an_update_of_a_removed_room_makes_none),
    cmocka_unit_test(an_update_cannot_take_another_rooms_title_key),
    cmocka_unit_test(rooms_may_all_lose_their_title_key_by_update),
    cmocka_unit_test(a_removed_room_is_gone_and_can_be_removed_only_once),
    cmocka_unit_test(rooms_max_counts_every_room_and_refuses_beyond),
    cmocka_unit_test(the_version_of_rooms_moves_with_ones_own_changes_and_others),
};

const struct suite_part suite_rooms = { tests, sizeof tests / sizeof *tests };
