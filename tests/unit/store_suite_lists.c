/* SPDX-License-Identifier: MIT
 * Store suite: lists of rooms.
 */
#include "tests/unit/store_suite_parts.h"

static struct room_list list_of(struct suite *s, const char *words, int64_t before_order, size_t limit)
{
    struct room_query q = { .words = str_of(words), .before_order = before_order, .limit = limit };
    struct room_list list;

    memset(&list, 0x55, sizeof list);
    assert_int_equal(store_room_list(s->reader, &q, &list), STORE_OK);
    return list;
}

/* The titles of a whole list, each followed by a space, are these. */
static void assert_titles(struct suite *s, const char *words, int64_t before_order, size_t limit,
                          const char *want)
{
    struct room_list list = list_of(s, words, before_order, limit);
    struct buf got = { 0 };

    for (size_t i = 0; i < list.n; i++) {
        buf_text(&got, list.room[i].title);
        buf_char(&got, ' ');
    }
    buf_text(&got, "");
    assert_string_equal(got.data ? got.data : "", want);
    buf_free(&got);
    room_list_free(&list);
}

static void a_new_store_lists_nothing(void **state)
{
    struct suite *s = *state;
    struct room_list list = list_of(s, "", 0, 50);

    assert_int_equal(list.n, 0);
    room_list_free(&list);
    room_list_free(&list); /* freeing twice does no harm */
    assert_titles(s, "word", 5, 1, "");
}

static void a_list_is_newest_first_and_paged_by_order(void **state)
{
    struct suite *s = *state;
    struct room a = suite_room_added(s, "a"), b = suite_room_added(s, "b"), c = suite_room_added(s, "c"),
                d = suite_room_added(s, "d");

    assert_titles(s, "", 0, 50, "d c b a ");
    assert_titles(s, "", 0, 4, "d c b a ");
    assert_titles(s, "", 0, 3, "d c b ");
    assert_titles(s, "", 0, 1, "d ");
    assert_titles(s, "", d.order + 1, 50, "d c b a ");
    assert_titles(s, "", d.order, 50, "c b a ");
    assert_titles(s, "", c.order, 2, "b a ");
    assert_titles(s, "", b.order, 1, "a ");
    assert_titles(s, "", a.order, 50, "");
    assert_int_equal(store_room_remove(s->writer, c.id), STORE_OK);
    assert_titles(s, "", c.order, 50, "b a "); /* a page goes on where its last room was */
    assert_titles(s, "", d.order, 1, "b ");
}

static void an_updated_room_keeps_its_place_in_lists(void **state)
{
    struct suite *s = *state;
    struct room a = suite_room_added(s, "a"), got;

    suite_room_added(s, "b");
    assert_true(str_copy(a.title, sizeof a.title, STR("A")));
    assert_int_equal(store_room_update(s->writer, &a), STORE_OK);
    assert_int_equal(store_room_get(s->reader, a.id, &got), STORE_OK);
    assert_int_equal(got.order, a.order);
    assert_titles(s, "", 0, 50, "b A ");
}

static void pages_of_a_list_hold_every_room_once(void **state)
{
    struct suite *s = *state;
    bool seen[40] = { false };
    int64_t before = 0, first = 0;
    char title[16];
    size_t total = 0;

    for (int i = 0; i < 40; i++) {
        struct room r;

        snprintf(title, sizeof title, "r%d", i);
        r = suite_room_added(s, title);
        first = first ? first : r.order;
    }
    for (;;) {
        struct room_list list = list_of(s, "", before, 7);

        for (size_t i = 0; i < list.n; i++, total++) {
            const struct room *r = &list.room[i];
            size_t which = (size_t)strtoul(r->title + 1, NULL, 10);

            assert_true(!before || r->order < before);
            assert_true(which < 40 && !seen[which]);
            seen[which] = true;
            before = r->order;
        }
        if (list.n < 7) {
            room_list_free(&list);
            break;
        }
        room_list_free(&list);
    }
    assert_int_equal(total, 40);
    assert_int_equal(before, first);
}

static void words_find_rooms_by_what_is_in_their_title_key(void **state)
{
    struct suite *s = *state;
    struct room b;

    suite_room_added(s, "alpha");
    b = suite_room_added(s, "beta'100%_");
    suite_room_added(s, "\xc3\xa9toile\xf0\x9f\x8c\x8d");
    assert_titles(s, "a", 0, 50, "beta'100%_ alpha ");
    assert_titles(s, "a", 0, 1, "beta'100%_ ");
    assert_titles(s, "a", b.order, 50, "alpha ");
    assert_titles(s, "lph", 0, 50, "alpha ");
    assert_titles(s, "alpha", 0, 50, "alpha ");
    assert_titles(s, "alphas", 0, 50, "");
    assert_titles(s, "A", 0, 50, ""); /* folding is the caller's */
    assert_titles(s, "e", 0, 50, "\xc3\xa9toile\xf0\x9f\x8c\x8d beta'100%_ ");
    assert_titles(s, "\xc3\xa9", 0, 50, "\xc3\xa9toile\xf0\x9f\x8c\x8d ");
    assert_titles(s, "\xf0\x9f\x8c\x8d", 0, 50, "\xc3\xa9toile\xf0\x9f\x8c\x8d ");
}

static void signs_of_patterns_are_only_themselves_in_words(void **state)
{
    struct suite *s = *state;

    suite_room_added(s, "plain");
    suite_room_added(s, "beta'100%_");
    suite_room_added(s, "(a+)*[b]\\d.?^$");
    assert_titles(s, "%", 0, 50, "beta'100%_ ");
    assert_titles(s, "_", 0, 50, "beta'100%_ ");
    assert_titles(s, "'", 0, 50, "beta'100%_ ");
    assert_titles(s, "(a+)*[", 0, 50, "(a+)*[b]\\d.?^$ ");
    assert_titles(s, ".", 0, 50, "(a+)*[b]\\d.?^$ ");
    assert_titles(s, "\\", 0, 50, "(a+)*[b]\\d.?^$ ");
    assert_titles(s, "*", 0, 50, "(a+)*[b]\\d.?^$ ");
    assert_titles(s, "p.ain", 0, 50, "");
}

static void hidden_rooms_are_in_no_list(void **state)
{
    struct suite *s = *state;
    struct room secret = suite_room_added(s, "pub-1"), hidden = suite_room("hidden"),
                closed = suite_room("private");

    hidden.id = ROOM_HIDDEN_ID_MIN + 3;
    hidden.visibility = ROOM_HIDDEN;
    closed.visibility = ROOM_PRIVATE;
    assert_int_equal(store_room_add(s->reader, &hidden, 10), STORE_OK);
    assert_int_equal(store_room_add(s->reader, &closed, 10), STORE_OK);
    assert_titles(s, "", 0, 50, "private pub-1 ");
    assert_titles(s, "hidden", 0, 50, "");
    assert_titles(s, "", 0, 2, "private pub-1 "); /* nor do they take a place of it */
    secret.visibility = ROOM_HIDDEN;
    assert_int_equal(store_room_update(s->writer, &secret), STORE_OK);
    assert_titles(s, "", 0, 50, "private ");
    hidden.visibility = ROOM_PUBLIC;
    assert_int_equal(store_room_update(s->writer, &hidden), STORE_OK);
    assert_titles(s, "", 0, 50, "private hidden ");
}

static void only_the_sites_owner_is_shown_hidden_rooms(void **state)
{
    struct suite *s = *state;
    struct room hidden = suite_room("hidden");
    struct room_query q = { .limit = 50, .hidden = true };
    struct room_list list = { 0 };

    hidden.id = ROOM_HIDDEN_ID_MIN + 3;
    hidden.visibility = ROOM_HIDDEN;
    suite_room_added(s, "open");
    assert_int_equal(store_room_add(s->reader, &hidden, 10), STORE_OK);
    assert_int_equal(store_room_list(s->reader, &q, &list), STORE_OK);
    assert_int_equal(list.n, 2);
    assert_string_equal(list.room[0].title, "hidden");
    room_list_free(&list);
}

static void a_list_gives_no_secret_away_but_all_else(void **state)
{
    struct suite *s = *state;
    struct room r = suite_room("room");
    struct room_list list;

    r.visibility = ROOM_PRIVATE;
    r.owned = true;
    memset(r.owner, 'o', sizeof r.owner);
    assert_true(str_copy(r.password, sizeof r.password, STR("$y$hash")));
    assert_true(str_copy(r.description, sizeof r.description, STR("what it is for")));
    assert_int_equal(store_room_add(s->reader, &r, 10), STORE_OK);
    list = list_of(s, "", 0, 50);
    assert_int_equal(list.n, 1);
    memset(r.owner, 0, sizeof r.owner);
    memset(r.key, 0, sizeof r.key);
    memset(r.password, 0, sizeof r.password);
    assert_room(&list.room[0], &r);
    assert_memory_equal(list.room[0].password, r.password, sizeof r.password); /* to its last byte */
    room_list_free(&list);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_new_store_lists_nothing),
    cmocka_unit_test(a_list_is_newest_first_and_paged_by_order),
    cmocka_unit_test(an_updated_room_keeps_its_place_in_lists),
    cmocka_unit_test(pages_of_a_list_hold_every_room_once),
    cmocka_unit_test(words_find_rooms_by_what_is_in_their_title_key),
    cmocka_unit_test(signs_of_patterns_are_only_themselves_in_words),
    cmocka_unit_test(hidden_rooms_are_in_no_list),
    cmocka_unit_test(only_the_sites_owner_is_shown_hidden_rooms),
    cmocka_unit_test(a_list_gives_no_secret_away_but_all_else),
};

const struct suite_part suite_lists = { tests, sizeof tests / sizeof *tests };
