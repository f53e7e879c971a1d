/* SPDX-License-Identifier: MIT
 * Store suite: the epochs of a log, purging the log of a removed room, and finding such logs. Which epoch is a room's
 * is in its row alone: the log takes and serves whatever epoch it is asked for.
 */
#include "tests/unit/store_suite_parts.h"

#define CID_OLD "cid-of-the-old-epoch"
#define CID_NEW "cid-of-the-new-epoch"

static void another_epoch_is_an_empty_log(void **state)
{
    static const uint64_t epochs[] = { UINT64_C(0xc000000000000007), UINT64_C(0xe000000000000000), 7, 0,
                                       UINT64_MAX };
    struct suite *s = *state;
    struct log log = suite_log(s, "room"), other = suite_log(s, "other"), new;
    struct log_page page;

    suite_fill(s, &log, 1, 5);
    suite_fill(s, &other, 1, 2);
    for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
        new = suite_log_in(&log, epochs[i]);
        assert_state(s, &new, 1, 0);
        page = suite_page(s, &new, 0, 0, STORE_PAGE_MAX);
        assert_int_equal(page.n, 0);
        assert_true(page.log.epoch == epochs[i] && page.log.first == 1 && page.log.head == 0);
        log_page_free(&page);
        page = suite_page(s, &new, 4, 1, STORE_PAGE_MAX);
        assert_int_equal(page.n, 0);
        log_page_free(&page);
        assert_state(s, &log, 1, 5); /* asking has changed nothing */
        assert_state(s, &other, 1, 2);
        suite_reopen(s);
    }
}

static void a_log_begins_at_1_in_a_new_epoch_and_shows_only_that(void **state)
{
    static const uint64_t epochs[] = { 7, 0, UINT64_MAX, UINT64_C(0x8000000000000000) };
    static const int64_t wrong[] = { 6, 5, 2, 0, -1, INT64_MAX };
    struct suite *s = *state;
    struct log old = suite_log(s, "room"), log;
    struct append a;
    struct log_page page;
    char cid[SENT_CID_SIZE];

    suite_fill(s, &old, 1, 5);
    for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
        log = suite_log_in(&old, epochs[i]);
        for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
            a = suite_send(s, &log, wrong[k], CID_NEW, "not at the beginning");
            assert_outcome(&a, APPEND_CONFLICT, epochs[i], 0);
        }
        assert_no_cid(s, &log, CID_NEW);
        suite_fill(s, &log, 1, 3);
        for (int again = 0; again < 2; again++) {
            assert_state(s, &log, 1, 3);
            assert_state(s, &old, 1, 5);
            page = suite_page(s, &log, 0, 0, STORE_PAGE_MAX);
            assert_int_equal(page.n, 3);
            for (size_t k = 0; k < page.n; k++)
                assert_true(str_is(page.entry[k].msg, sent_cid(cid, &log, (int64_t)k + 1)));
            log_page_free(&page);
            suite_reopen(s);
        }
    }
}

/* Which epoch is over is not the log's to know: a relay may not have heard yet that the room was opened. */
static void an_epoch_that_others_followed_still_goes_on(void **state)
{
    struct suite *s = *state;
    struct log old = suite_log(s, "room"), new = suite_log_in(&old, 7);
    struct append a;
    struct log_page page;

    suite_fill(s, &old, 1, 2);
    suite_fill(s, &new, 1, 4);
    a = suite_send(s, &old, 5, CID_OLD, "behind the head of the other");
    assert_outcome(&a, APPEND_CONFLICT, old.epoch, 2);
    a = suite_send(s, &old, 3, CID_OLD, "late");
    assert_stored(&a, &old, 3);
    assert_state(s, &new, 1, 4);
    page = suite_page(s, &new, 0, 0, STORE_PAGE_MAX);
    assert_int_equal(page.n, 4);
    for (size_t i = 0; i < page.n; i++)
        assert_true(page.entry[i].epoch == new.epoch);
    log_page_free(&page);
    page = suite_page(s, &old, 0, 2, STORE_PAGE_MAX);
    assert_int_equal(page.n, 1);
    assert_entry(&page.entry[0], &a.entry);
    log_page_free(&page);
}

static void two_epochs_of_a_room_go_on_side_by_side(void **state)
{
    struct suite *s = *state;
    struct log log[] = { suite_log(s, "room"), { 0 } }, other = suite_log(s, "other");

    log[1] = suite_log_in(&log[0], other.epoch ^ 1);
    for (int64_t seq = 1; seq <= 12; seq++) {
        for (size_t i = 0; i < 2; i++) {
            struct append again = suite_send(s, &log[i], seq + 1, CID_NEW, "one too far");

            assert_outcome(&again, APPEND_CONFLICT, log[i].epoch, seq - 1);
            suite_fill(s, &log[i], seq, 1);
            assert_state(s, &log[i], 1, seq);
            assert_state(s, &log[!i], 1, i ? seq : seq - 1);
        }
        suite_fill(s, &other, seq, 1);
        if (seq % 5 == 0)
            suite_reopen(s);
    }
}

static void one_append_takes_entries_of_two_epochs_of_a_room(void **state)
{
    static const char *const cids[] = { "cid-old-00000000002", "cid-new-00000000001", "cid-old-00000000003",
                                        "cid-new-00000000002", "cid-new-00000000003", "cid-old-00000000004" };
    static const int64_t seqs[] = { 2, 1, 3, 2, 3, 4 };
    struct suite *s = *state;
    struct log old = suite_log(s, "room"), new = suite_log_in(&old, 7);
    struct batch *b;
    struct log_page page;

    suite_fill(s, &old, 1, 1);
    b = batch_new(s);
    for (size_t i = 0; i < 6; i++)
        batch_send(b, cids[i][4] == 'o' ? &old : &new, seqs[i], cids[i], cids[i]);
    batch_append(s);
    for (size_t i = 0; i < 6; i++)
        assert_stored(&b->a[i], cids[i][4] == 'o' ? &old : &new, seqs[i]);
    for (int again = 0; again < 2; again++) {
        assert_state(s, &old, 1, 4);
        assert_state(s, &new, 1, 3);
        page = suite_page(s, &new, 0, 0, STORE_PAGE_MAX);
        assert_int_equal(page.n, 3);
        assert_entry(&page.entry[0], &b->a[1].entry);
        assert_entry(&page.entry[1], &b->a[3].entry);
        assert_entry(&page.entry[2], &b->a[4].entry);
        log_page_free(&page);
        suite_reopen(s);
    }
}

/* Entries of one room keep their order, whatever their epochs. */
static void a_failure_in_one_epoch_stops_the_room_in_the_other_too(void **state)
{
    struct suite *s = *state;
    struct log old = suite_log(s, "room"), new = suite_log_in(&old, 7), other = suite_log(s, "other");
    struct batch *b = batch_new(s);

    batch_send(b, &new, 1, "cid-new-00000000001", "stored");
    batch_send(b, &old, 9, "cid-old-00000000009", "not the next place");
    batch_send(b, &new, 2, "cid-new-00000000002", "not tried");
    batch_send(b, &other, 1, "cid-other-000000001", "of another room");
    batch_append(s);
    assert_stored(&b->a[0], &new, 1);
    assert_outcome(&b->a[1], APPEND_CONFLICT, old.epoch, 0);
    assert_int_equal(b->a[2].outcome, APPEND_NOT_TRIED);
    assert_stored(&b->a[3], &other, 1);
    assert_state(s, &old, 1, 0);
    assert_state(s, &new, 1, 1);
    assert_no_cid(s, &new, "cid-new-00000000002");
}

static void a_cid_is_once_in_a_room_whatever_the_epochs_of_one_append(void **state)
{
    struct suite *s = *state;
    struct log old = suite_log(s, "room"), new = suite_log_in(&old, 7);
    struct batch *b = batch_new(s);

    batch_send(b, &old, 1, CID_OLD, "text");
    batch_send(b, &new, 1, CID_OLD, "text");
    batch_append(s);
    assert_stored(&b->a[0], &old, 1);
    assert_outcome(&b->a[1], APPEND_DUP, old.epoch, 1);
    assert_state(s, &old, 1, 1);
    assert_state(s, &new, 1, 0);
}

static void cids_of_earlier_epochs_are_still_found_and_still_repeats(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room"), old = log;
    struct append a, again, *other;
    struct log_page page;

    suite_fill(s, &log, 1, 2);
    a = suite_send(s, &log, 3, CID_OLD, "before");
    assert_stored(&a, &log, 3);
    for (uint64_t epoch = 7; epoch < 9; epoch++) { /* opened twice */
        log = suite_log_in(&log, epoch);
        page = suite_cid(s, &log, CID_OLD);
        assert_entry(&page.entry[0], &a.entry);
        log_page_free(&page);
        again = suite_send(s, &log, 1, CID_OLD, "before");
        assert_outcome(&again, APPEND_DUP, old.epoch, 3);
        assert_int_equal(again.time_ms, a.entry.time_ms);
        again = suite_send(s, &log, 1, CID_OLD, "other");
        assert_int_equal(again.outcome, APPEND_OTHER);
        other = batch_send(batch_new(s), &log, 1, CID_OLD, "before");
        set_person(&other->entry, 'z');
        batch_append(s);
        assert_int_equal(other->outcome, APPEND_OTHER);
        assert_state(s, &log, 1, 0);
        suite_fill(s, &log, 1, 4);
        assert_state(s, &log, 1, 4);
        assert_state(s, &old, 1, 3);
        suite_reopen(s);
    }
}

/* One update of the row is all that opening a room takes. */
static void a_row_may_be_given_another_epoch(void **state)
{
    static const uint64_t epochs[] = { 7, 0, UINT64_MAX };
    struct suite *s = *state;
    struct room room = suite_room_added(s, "room"), got;
    struct log log = { room.id, room.epoch };

    suite_fill(s, &log, 1, 2);
    for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
        room.epoch = epochs[i];
        assert_int_equal(store_room_update(s->reader, &room), STORE_OK);
        suite_reopen(s);
        assert_int_equal(store_room_get(s->writer, room.id, &got), STORE_OK);
        assert_room(&got, &room);
        log = suite_log_in(&log, got.epoch);
        assert_state(s, &log, 1, 0);
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

static void a_purge_takes_all_epochs_in_steps_and_says_when_it_is_done(void **state)
{
    struct suite *s = *state;
    struct log old = suite_log(s, "room"), log = suite_log_in(&old, 9), other = suite_log(s, "other");
    bool left = true;
    size_t there = 10;

    suite_fill(s, &old, 1, 6);
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
    for (int again = 0; again < 2; again++) {
        assert_state(s, &old, 1, 0);
        assert_state(s, &log, 1, 0);
        suite_reopen(s);
    }
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
    struct log log = suite_log(s, "room");
    bool left = true;

    assert_int_equal(store_room_remove(s->reader, log.id), STORE_OK);
    assert_int_equal(store_log_purge(s->writer, log.id, 1000, &left), STORE_OK);
    assert_false(left);
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
    log = (struct log){ hidden.id, hidden.epoch };
    suite_fill(s, &log, 1, 1);
    hidden.epoch = 3;
    assert_int_equal(store_room_update(s->reader, &hidden), STORE_OK);
    assert_orphans(s, NULL, 0);
    assert_int_equal(store_room_remove(s->reader, hidden.id), STORE_OK);
    assert_orphans(s, (const int64_t[]){ ROOM_ID_MAX }, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(another_epoch_is_an_empty_log),
    cmocka_unit_test(a_log_begins_at_1_in_a_new_epoch_and_shows_only_that),
    cmocka_unit_test(an_epoch_that_others_followed_still_goes_on),
    cmocka_unit_test(two_epochs_of_a_room_go_on_side_by_side),
    cmocka_unit_test(one_append_takes_entries_of_two_epochs_of_a_room),
    cmocka_unit_test(a_failure_in_one_epoch_stops_the_room_in_the_other_too),
    cmocka_unit_test(a_cid_is_once_in_a_room_whatever_the_epochs_of_one_append),
    cmocka_unit_test(cids_of_earlier_epochs_are_still_found_and_still_repeats),
    cmocka_unit_test(a_row_may_be_given_another_epoch),
    cmocka_unit_test(a_purge_takes_all_epochs_in_steps_and_says_when_it_is_done),
    cmocka_unit_test(a_purge_of_exactly_what_is_there_leaves_nothing),
    cmocka_unit_test(a_purge_of_nothing_is_done_at_once),
    cmocka_unit_test(orphans_are_the_logs_without_a_room_and_only_those),
    cmocka_unit_test(an_orphan_may_have_the_greatest_id_and_only_old_epochs),
};

const struct suite_part suite_epochs = { tests, sizeof tests / sizeof *tests };
