/* SPDX-License-Identifier: MIT
 * The fake store passes the store suite while nothing is asked of it, and fails exactly as it is asked to.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/store_fake.h"
#include "tests/unit/store_suite.h"

static void *make(void)
{
    return store_fake_new();
}

static struct store *open_one(void *made, enum store_use use)
{
    return store_fake_open(made, use);
}

static void unmake(void *made)
{
    store_fake_free(made);
}

enum { ROOM = 7, EPOCH = 3 };

struct faked {
    struct store_fake *fake;
    struct store *writer, *reader;
    struct append a[8];
    struct append *list[8];
    char cid[8][32];
    unsigned made; /* cids so far */
};

static int set_up(void **state)
{
    struct faked *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->fake = store_fake_new();
    f->writer = store_fake_open(f->fake, STORE_WRITER);
    f->reader = store_fake_open(f->fake, STORE_READER);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct faked *f = *state;

    store_close(f->reader);
    store_close(f->writer);
    store_fake_free(f->fake);
    free(f);
    return 0;
}

static int64_t head(struct faked *f)
{
    struct log_state log;

    assert_int_equal(store_log_state(f->reader, ROOM, EPOCH, &log), STORE_OK);
    return log.head;
}

/* Appends n sends from seq on, with new cids. */
static void append(struct store *store, struct faked *f, int64_t seq, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct append *a = f->list[i] = &f->a[i];

        snprintf(f->cid[i], sizeof f->cid[i], "cid-%016u", ++f->made);
        *a = (struct append){ .entry = { .room_id = ROOM, .epoch = EPOCH, .kind = ENTRY_SEND } };
        a->entry.seq = seq + (int64_t)i;
        a->entry.cid = str_of(f->cid[i]);
        a->entry.msg = STR("text");
    }
    store_append(store, f->list, n);
}

/* The outcomes of the first n, one letter each: Stored, Dup, Other, Conflict, Not tried, Full, doWn, Unknown.
 */
static void assert_outcomes(const struct faked *f, const char *want)
{
    static const char letter[] = {
        [APPEND_STORED] = 'S',   [APPEND_DUP] = 'D',       [APPEND_OTHER] = 'O',
        [APPEND_CONFLICT] = 'C', [APPEND_NOT_TRIED] = 'N', [APPEND_FULL] = 'F',
        [APPEND_DOWN] = 'W',     [APPEND_UNKNOWN] = 'U',   [APPEND_NO_TARGET] = 'T'
    };
    char got[9] = "";

    for (size_t i = 0; i < strlen(want); i++)
        got[i] = letter[f->a[i].outcome];
    assert_string_equal(got, want);
}

static void a_prefix_is_stored_and_the_rest_is_answered_as_wished(void **state)
{
    static const enum append_outcome rest[] = { APPEND_NOT_TRIED, APPEND_UNKNOWN, APPEND_FULL };
    static const char *const want[] = { "SSNN", "SSUU", "SSFF" };
    struct faked *f = *state;

    for (int64_t i = 0; i < 3; i++) {
        store_fake_set(f->fake, (struct store_fake_knobs){ .cut_short = true, .prefix = 2, .rest = rest[i] });
        append(f->writer, f, 2 * i + 1, 4);
        assert_outcomes(f, want[i]);
        assert_int_equal(head(f), 2 * i + 2);
        assert_false(store_fake_left(f->fake).cut_short);
    }
    append(f->writer, f, 7, 2);
    assert_outcomes(f, "SS");
}

static void a_prefix_may_be_nothing_or_all(void **state)
{
    struct faked *f = *state;

    store_fake_set(f->fake, (struct store_fake_knobs){ .cut_short = true, .rest = APPEND_UNKNOWN });
    append(f->writer, f, 1, 3);
    assert_outcomes(f, "UUU"); /* unknown, and not stored */
    assert_int_equal(head(f), 0);
    store_fake_set(f->fake, (struct store_fake_knobs){ .cut_short = true, .prefix = 9 });
    append(f->writer, f, 1, 3);
    assert_outcomes(f, "SSS");
}

static void a_lost_answer_is_unknown_and_stored(void **state)
{
    struct faked *f = *state;
    struct log_page page;

    store_fake_set(f->fake, (struct store_fake_knobs){ .lose = 1 });
    append(f->writer, f, 1, 3);
    assert_outcomes(f, "UUU");
    assert_int_equal(head(f), 3);
    assert_int_equal(store_log_cid(f->reader, ROOM, f->a[2].entry.cid, &page), STORE_OK);
    assert_int_equal(page.entry[0].seq, 3);
    log_page_free(&page);
    store_append(f->writer, f->list, 3);
    assert_outcomes(f, "DNN");
    append(f->writer, f, 4, 1);
    assert_outcomes(f, "S");
}

static void a_prefix_may_be_stored_and_its_answer_lost(void **state)
{
    struct faked *f = *state;

    store_fake_set(f->fake, (struct store_fake_knobs){
                                .lose = 1, .cut_short = true, .prefix = 1, .rest = APPEND_UNKNOWN });
    append(f->writer, f, 1, 3);
    assert_outcomes(f, "UUU");
    assert_int_equal(head(f), 1);
}

static void entries_of_another_relay_come_first_and_make_a_conflict(void **state)
{
    struct faked *f = *state;
    struct log_query q = { ROOM, EPOCH, 0, 0, 10 };
    struct log_page page;

    append(f->writer, f, 1, 1);
    store_fake_set(f->fake, (struct store_fake_knobs){ .foreign = 2 });
    append(f->writer, f, 2, 2);
    assert_outcomes(f, "CN");
    assert_int_equal(f->a[0].at.epoch, EPOCH);
    assert_int_equal(f->a[0].at.seq, 3);
    assert_int_equal(store_log_page(f->reader, &q, &page), STORE_OK);
    assert_int_equal(page.n, 3);
    assert_true(str_begins(page.entry[1].cid, ".foreign-") && str_begins(page.entry[2].cid, ".foreign-"));
    assert_false(str_same(page.entry[1].cid, page.entry[2].cid));
    log_page_free(&page);
    append(f->writer, f, 4, 2);
    assert_outcomes(f, "SS");
}

static void a_full_store_appends_nothing_for_so_many_calls_but_can_be_read(void **state)
{
    struct faked *f = *state;
    struct room room = { .title = "room" };
    bool left;

    append(f->writer, f, 1, 1);
    store_fake_set(f->fake, (struct store_fake_knobs){ .refuse = 3, .refuse_with = STORE_FULL });
    append(f->writer, f, 2, 2);
    assert_outcomes(f, "FF");
    assert_int_equal(store_room_add(f->reader, &room, 10), STORE_FULL);
    assert_int_equal(store_ping(f->reader), STORE_OK);
    assert_int_equal(head(f), 1);
    assert_int_equal(store_log_purge(f->writer, ROOM, 9, &left), STORE_FULL);
    append(f->writer, f, 2, 2);
    assert_outcomes(f, "SS");
}

static void a_store_that_is_down_answers_nothing_for_so_many_calls(void **state)
{
    struct faked *f = *state;
    struct log_query q = { ROOM, EPOCH, 0, 0, 10 };
    struct log_page page;

    append(f->writer, f, 1, 1);
    store_fake_set(f->fake, (struct store_fake_knobs){ .refuse = 4, .refuse_with = STORE_DOWN });
    append(f->writer, f, 2, 2);
    assert_outcomes(f, "WW");
    assert_int_equal(store_ping(f->reader), STORE_DOWN);
    assert_int_equal(store_log_page(f->reader, &q, &page), STORE_DOWN);
    log_page_free(&page);
    assert_int_equal(store_log_cid(f->reader, ROOM, f->a[0].entry.cid, &page), STORE_DOWN);
    log_page_free(&page);
    assert_int_equal(store_fake_left(f->fake).refuse, 0);
    append(f->writer, f, 2, 2);
    assert_outcomes(f, "SS");
}

static void an_unknown_outcome_may_be_one_that_was_not_stored(void **state)
{
    struct faked *f = *state;

    store_fake_set(f->fake, (struct store_fake_knobs){ .refuse = 1, .refuse_with = STORE_UNKNOWN });
    append(f->writer, f, 1, 2);
    assert_outcomes(f, "UU");
    assert_int_equal(head(f), 0);
    append(f->writer, f, 1, 2);
    assert_outcomes(f, "SS");
}

static void other_calls_lose_their_answers_too(void **state)
{
    struct faked *f = *state;
    struct room room = { .title = "room", .title_key = "room" }, got;
    bool left;

    store_fake_set(f->fake, (struct store_fake_knobs){ .lose = 1 });
    assert_int_equal(store_room_add(f->reader, &room, 10), STORE_UNKNOWN);
    assert_int_equal(store_room_find(f->reader, STR("room"), &got), STORE_OK);
    store_fake_set(f->fake, (struct store_fake_knobs){ .lose = 1 });
    got.epoch = 9;
    assert_int_equal(store_room_update(f->reader, &got), STORE_UNKNOWN);
    assert_int_equal(store_room_get(f->reader, got.id, &room), STORE_OK);
    assert_int_equal(room.epoch, 9);
    append(f->writer, f, 1, 2);
    store_fake_set(f->fake, (struct store_fake_knobs){ .lose = 1 });
    assert_int_equal(store_log_purge(f->writer, ROOM, 9, &left), STORE_UNKNOWN);
    assert_int_equal(head(f), 0);
}

static void only_a_writer_changes_logs(void **state)
{
    struct faked *f = *state;
    bool left;

    append(f->reader, f, 1, 2);
    assert_outcomes(f, "WW");
    assert_int_equal(store_log_purge(f->reader, ROOM, 9, &left), STORE_DOWN);
    assert_int_equal(head(f), 0);
}

int main(void)
{
    static const struct store_fixture fixture = { make, open_one, unmake };
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        TEST(a_prefix_is_stored_and_the_rest_is_answered_as_wished),
        TEST(a_prefix_may_be_nothing_or_all),
        TEST(a_lost_answer_is_unknown_and_stored),
        TEST(a_prefix_may_be_stored_and_its_answer_lost),
        TEST(entries_of_another_relay_come_first_and_make_a_conflict),
        TEST(a_full_store_appends_nothing_for_so_many_calls_but_can_be_read),
        TEST(a_store_that_is_down_answers_nothing_for_so_many_calls),
        TEST(an_unknown_outcome_may_be_one_that_was_not_stored),
        TEST(other_calls_lose_their_answers_too),
        TEST(only_a_writer_changes_logs),
    };
    int failed = store_suite("store suite: fake", &fixture);

    failed += cmocka_run_group_tests_name("the fake's knobs", tests, NULL, NULL);
    return failed != 0;
}
