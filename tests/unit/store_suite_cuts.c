/* SPDX-License-Identifier: MIT
 * Store suite: cutting a log, purging the log of a removed room, and finding such logs.
 */
#include "tests/unit/store_suite_parts.h"

#define CID_OLD "cid-before-the-cut"
#define CID_NEW "cid-after-the-cut0"

static void cut(struct suite *s, struct log *log, uint64_t epoch)
{
    assert_int_equal(store_log_cut(s->writer, log->id, epoch), STORE_OK);
    log->epoch = epoch;
}

static void a_cut_begins_an_empty_epoch(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room"), other = suite_log(s, "other");
    struct log_page page;

    suite_fill(s, &log, 1, 5);
    suite_fill(s, &other, 1, 2);
    cut(s, &log, UINT64_C(0xc000000000000007));
    for (int again = 0; again < 2; again++) {
        assert_state(s, &log, 1, 0);
        page = suite_page(s, &log, 0, 0, STORE_PAGE_MAX);
        assert_int_equal(page.n, 0);
        assert_true(page.log.epoch == log.epoch && page.log.first == 1 && page.log.head == 0);
        log_page_free(&page);
        page = suite_page(s, &log, 4, 1, STORE_PAGE_MAX);
        assert_int_equal(page.n, 0);
        log_page_free(&page);
        assert_state(s, &other, 1, 2);
        suite_reopen(s);
    }
}

static void a_log_goes_on_in_the_new_epoch_and_shows_only_that(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room"), old = log;
    struct append a;
    struct log_page page;

    suite_fill(s, &log, 1, 5);
    cut(s, &log, 7);
    a = suite_send(s, &old, 6, CID_NEW, "to the old epoch");
    assert_outcome(&a, APPEND_CONFLICT, 7, 0);
    a = suite_send(s, &log, 6, CID_NEW, "at the old place");
    assert_outcome(&a, APPEND_CONFLICT, 7, 0);
    a = suite_send(s, &log, 1, CID_NEW, "the first");
    assert_stored(&a, &log, 1);
    suite_fill(s, &log, 2, 2);
    assert_state(s, &log, 1, 3);
    page = suite_page(s, &log, 0, 0, STORE_PAGE_MAX);
    assert_int_equal(page.n, 3);
    assert_entry(&page.entry[0], &a.entry);
    log_page_free(&page);
}

static void an_empty_log_can_be_cut(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");

    cut(s, &log, UINT64_MAX);
    assert_state(s, &log, 1, 0);
    suite_fill(s, &log, 1, 2);
    suite_reopen(s);
    assert_state(s, &log, 1, 2);
}

static void cids_of_earlier_epochs_are_still_found_and_still_repeats(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct append old, again;
    struct log_page page;

    suite_fill(s, &log, 1, 2);
    old = suite_send(s, &log, 3, CID_OLD, "before");
    assert_stored(&old, &log, 3);
    for (uint64_t epoch = 7; epoch < 9; epoch++) { /* cut twice */
        cut(s, &log, epoch);
        page = suite_cid(s, &log, CID_OLD);
        assert_entry(&page.entry[0], &old.entry);
        log_page_free(&page);
        again = suite_send(s, &log, 1, CID_OLD, "before");
        assert_outcome(&again, APPEND_DUP, old.entry.epoch, 3);
        assert_int_equal(again.time_ms, old.entry.time_ms);
        again = suite_send(s, &log, 1, CID_OLD, "other");
        assert_int_equal(again.outcome, APPEND_OTHER);
        assert_state(s, &log, 1, 0);
        suite_fill(s, &log, 1, 4);
        assert_state(s, &log, 1, 4);
        suite_reopen(s);
    }
}

/* How many of the first n entries that suite_fill() put into a log are still there. */
static size_t still_there(struct suite *s, const struct log *log, int64_t n)
{
    char cid[SENT_CID_SIZE];
    size_t found = 0;

    for (int64_t seq = 1; seq <= n; seq++) {
        struct log_page page;
        enum store_result r = store_log_cid(s->reader, log->id, str_of(sent_cid(cid, log, seq)), &page);

        assert_true(r == STORE_OK || r == STORE_NONE);
        found += r == STORE_OK;
        log_page_free(&page);
    }
    return found;
}

static void a_purge_goes_in_steps_and_says_when_it_is_done(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room"), old = log, other = suite_log(s, "other");
    bool left = true;
    size_t there = 10;

    suite_fill(s, &old, 1, 6);
    cut(s, &log, 9);
    suite_fill(s, &log, 1, 4);
    suite_fill(s, &other, 1, 3);
    assert_int_equal(store_room_remove(s->reader, log.id), STORE_OK);
    for (size_t steps = 0; left; steps++) {
        size_t before = there;

        assert_true(steps < 12); /* it comes to an end */
        left = steps % 2;        /* whatever was in it before */
        assert_int_equal(store_log_purge(s->writer, log.id, 3, &left), STORE_OK);
        there = still_there(s, &old, 6) + still_there(s, &log, 4);
        assert_true(before - there <= 3);
        if (left)
            assert_true(there < before);
    }
    assert_int_equal(there, 0);
    assert_int_equal(still_there(s, &other, 3), 3);
    assert_state(s, &other, 1, 3);
    assert_state(s, &old, 1, 0); /* its cuts are forgotten as well */
    suite_reopen(s);
    assert_state(s, &old, 1, 0);
}

static void a_purge_of_exactly_what_is_there_leaves_nothing(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    bool left;

    suite_fill(s, &log, 1, 5);
    assert_int_equal(store_room_remove(s->reader, log.id), STORE_OK);
    left = true;
    assert_int_equal(store_log_purge(s->writer, log.id, 4, &left), STORE_OK);
    assert_true(left);
    assert_int_equal(still_there(s, &log, 5), 1);
    for (int i = 0; left && i < 2; i++)
        assert_int_equal(store_log_purge(s->writer, log.id, 1, &left), STORE_OK);
    assert_false(left);
    assert_int_equal(still_there(s, &log, 5), 0);
}

static void a_purge_of_nothing_is_done_at_once(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room"), cut_only = suite_log(s, "cut"), was = cut_only;
    bool left = true;

    assert_int_equal(store_room_remove(s->reader, log.id), STORE_OK);
    assert_int_equal(store_log_purge(s->writer, log.id, 1000, &left), STORE_OK);
    assert_false(left);
    cut(s, &cut_only, 5);
    assert_int_equal(store_room_remove(s->reader, cut_only.id), STORE_OK);
    left = true;
    assert_int_equal(store_log_purge(s->writer, cut_only.id, 1, &left), STORE_OK);
    assert_false(left);
    assert_state(s, &was, 1, 0);
    left = true;
    assert_int_equal(store_log_purge(s->writer, INT64_C(123456789), 1, &left), STORE_OK);
    assert_false(left);
}

/* The orphans, one after another, are these n rooms; by both handles. */
static void assert_orphans(struct suite *s, const int64_t *want, size_t n)
{
    struct store *const handles[] = { s->writer, s->reader };
    int64_t id;

    for (size_t h = 0; h < 2; h++) {
        int64_t after = 0;

        for (size_t i = 0; i < n; i++) {
            assert_int_equal(store_log_orphan(handles[h], after, &id), STORE_OK);
            assert_int_equal(id, want[i]);
            after = id;
        }
        assert_int_equal(store_log_orphan(handles[h], after, &id), STORE_NONE);
    }
}

static void orphans_are_the_logs_without_a_room_and_only_those(void **state)
{
    struct suite *s = *state;
    struct log log[6];
    char title[8];
    bool left;

    assert_orphans(s, NULL, 0);
    for (size_t i = 0; i < 6; i++) {
        snprintf(title, sizeof title, "r%zu", i);
        log[i] = suite_log(s, title);
        if (i != 3) /* a room whose log is empty is no orphan, removed or not */
            suite_fill(s, &log[i], 1, 2);
    }
    assert_orphans(s, NULL, 0);
    for (size_t i = 1; i < 6; i += 1 + (i == 1)) /* 1, 3, 4 and 5 */
        assert_int_equal(store_room_remove(s->reader, log[i].id), STORE_OK);
    assert_orphans(s, (const int64_t[]){ log[1].id, log[4].id, log[5].id }, 3);
    suite_reopen(s);
    assert_int_equal(store_log_purge(s->writer, log[4].id, 1, &left), STORE_OK);
    assert_true(left);
    assert_orphans(s, (const int64_t[]){ log[1].id, log[4].id, log[5].id }, 3);
    while (left)
        assert_int_equal(store_log_purge(s->writer, log[4].id, 1, &left), STORE_OK);
    assert_orphans(s, (const int64_t[]){ log[1].id, log[5].id }, 2);
}

static void an_orphan_may_have_the_greatest_id_and_only_old_epochs(void **state)
{
    struct suite *s = *state;
    struct room hidden = suite_room("hidden");
    struct log log;

    hidden.id = ROOM_ID_MAX;
    hidden.visibility = ROOM_HIDDEN;
    assert_int_equal(store_room_add(s->reader, &hidden, 10), STORE_OK);
    log = (struct log){ hidden.id, hidden.epoch, hidden.epoch };
    suite_fill(s, &log, 1, 1);
    cut(s, &log, 3);
    assert_orphans(s, NULL, 0);
    assert_int_equal(store_room_remove(s->reader, hidden.id), STORE_OK);
    assert_orphans(s, (const int64_t[]){ ROOM_ID_MAX }, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_cut_begins_an_empty_epoch),
    cmocka_unit_test(a_log_goes_on_in_the_new_epoch_and_shows_only_that),
    cmocka_unit_test(an_empty_log_can_be_cut),
    cmocka_unit_test(cids_of_earlier_epochs_are_still_found_and_still_repeats),
    cmocka_unit_test(a_purge_goes_in_steps_and_says_when_it_is_done),
    cmocka_unit_test(a_purge_of_exactly_what_is_there_leaves_nothing),
    cmocka_unit_test(a_purge_of_nothing_is_done_at_once),
    cmocka_unit_test(orphans_are_the_logs_without_a_room_and_only_those),
    cmocka_unit_test(an_orphan_may_have_the_greatest_id_and_only_old_epochs),
};

const struct suite_part suite_cuts = { tests, sizeof tests / sizeof *tests };
