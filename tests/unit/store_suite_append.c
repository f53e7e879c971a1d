/* SPDX-License-Identifier: MIT
 * Store suite: appending sends. What a log holds is read back by the reader's handle.
 */
#include "tests/unit/store_suite_parts.h"

#define CID_A "aaaaaaaaaaaaaaaa-cid"
#define CID_B "bbbbbbbbbbbbbbbb-cid"
#define CID_C "cccccccccccccccc-cid"

static void a_log_begins_empty_in_its_rooms_epoch(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct log_page page = suite_page(s, &log, 0, 0, STORE_PAGE_MAX);

    assert_state(s, &log, 1, 0);
    assert_int_equal(page.n, 0);
    assert_true(page.log.epoch == log.epoch);
    assert_int_equal(page.log.first, 1);
    assert_int_equal(page.log.head, 0);
    log_page_free(&page);
    log_page_free(&page); /* freeing twice does no harm */
    assert_no_cid(s, &log, CID_A);
}

static void an_append_of_nothing_does_nothing(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");

    batch_new(s);
    batch_append(s);
    assert_state(s, &log, 1, 0);
}

/* Appends what is in the batch and reads it back, the whole of one log, also after the store was reopened. */
static void assert_read_back(struct suite *s, const struct log *log)
{
    struct batch *b = &s->batch;
    struct log_page page;

    batch_append(s);
    for (size_t i = 0; i < b->n; i++)
        assert_stored(&b->a[i], log, (int64_t)i + 1);
    for (int again = 0; again < 2; again++) {
        page = suite_page(s, log, 0, 0, STORE_PAGE_MAX);
        assert_int_equal(page.n, b->n);
        for (size_t i = 0; i < page.n; i++)
            assert_entry(&page.entry[i], &b->a[i].entry);
        log_page_free(&page);
        assert_state(s, log, 1, (int64_t)b->n);
        suite_reopen(s);
    }
}

static void an_entry_is_read_back_in_every_member(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct append *a = batch_send(batch_new(s), &log, 1, CID_A, "hello");

    for (size_t i = 0; i < sizeof a->entry.person; i++)
        a->entry.person[i] = (uint8_t)(17 * i); /* begins with a NUL */
    memcpy(a->entry.who, "a_-Z09xy", sizeof a->entry.who);
    a->entry.verified = true;
    a->entry.time_ms = INT64_C(253402300799999);
    assert_read_back(s, &log);
}

static void texts_are_kept_byte_for_byte(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct batch *b = batch_new(s);
    static char big[16384];
    struct entry *e =
        &batch_send(b, &log, 1, "." CID_A, "\xf0\x9f\x8c\x8d 'single' \"double\" \\ %s ?1")->entry;

    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)('a' + i % 26);
    e->name = STR("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac O'Hara");
    e = &batch_send(b, &log, 2, CID_A, "")->entry;
    e->msg = (struct str){ "\0begin\0middle\0", 14 };
    e->name = (struct str){ "n\0me", 4 };
    e->color = STR("");
    e = &batch_send(b, &log, 3, CID_B, "")->entry;
    e->msg = (struct str){ big, sizeof big };
    e->color = STR("lightgoldenrodyellow");
    e = &batch_send(b, &log, 4, CID_C, "")->entry;
    e->name = e->color = e->msg = (struct str){ NULL, 0 };
    e = &batch_send(b, &log, 5, "cid-with-64-characters-0123456789-0123456789-0123456789-01234567", "")
             ->entry;
    assert_int_equal(e->cid.n, ENTRY_CID_MAX);
    e->msg = STR("null");
    assert_read_back(s, &log);
}

static void numbers_and_dates_in_a_text_stay_text(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct batch *b = batch_new(s);

    batch_send(b, &log, 1, "0000000000000001", "0010");
    batch_send(b, &log, 2, "00000000000000001", "1e3"); /* another cid, though the same number */
    batch_send(b, &log, 3, "1000000000000000e0", " 7 ");
    assert_read_back(s, &log);
}

static void entries_of_one_append_keep_their_order(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    char cid[100][SENT_CID_SIZE];
    struct batch *b = batch_new(s);

    for (int i = 0; i < 100; i++) {
        snprintf(cid[i], sizeof cid[i], "cid-falling-%08d", 1000 - i);
        batch_send(b, &log, i + 1, cid[i], cid[i]);
    }
    assert_read_back(s, &log);
}

static void an_append_takes_as_many_as_it_may(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");

    suite_fill(s, &log, 1, STORE_BATCH_MAX);
    suite_reopen(s);
    suite_fill(s, &log, STORE_BATCH_MAX + 1, STORE_BATCH_MAX);
    assert_state(s, &log, 1, 2 * STORE_BATCH_MAX);
}

static void one_append_serves_many_rooms(void **state)
{
    struct suite *s = *state;
    enum { ROOMS = 16, EACH = STORE_BATCH_MAX / ROOMS };
    struct log log[ROOMS];
    char title[ROOMS][16], cid[STORE_BATCH_MAX][SENT_CID_SIZE];
    struct batch *b = batch_new(s);

    for (size_t r = 0; r < ROOMS; r++) {
        snprintf(title[r], sizeof title[r], "room %zu", r);
        log[r] = suite_log(s, title[r]);
    }
    for (size_t i = 0; i < STORE_BATCH_MAX; i++) {
        int64_t seq = (int64_t)(i / ROOMS) + 1;

        batch_send(b, &log[i % ROOMS], seq, sent_cid(cid[i], &log[0], seq), title[i % ROOMS]);
    }
    batch_append(s);
    for (size_t i = 0; i < b->n; i++)
        assert_stored(&b->a[i], &log[i % ROOMS], b->a[i].entry.seq);
    for (size_t r = 0; r < ROOMS; r++) {
        struct log_page page = suite_page(s, &log[r], 0, 0, STORE_PAGE_MAX);

        assert_int_equal(page.n, EACH);
        for (size_t i = 0; i < page.n; i++)
            assert_entry(&page.entry[i], &b->a[i * ROOMS + r].entry);
        log_page_free(&page);
    }
}

static void a_place_that_is_not_the_next_one_is_a_conflict(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    static const int64_t wrong[] = { 5, 3, 2, 1, 0, -1, INT64_MAX, INT64_MIN };
    struct append a = suite_send(s, &log, 2, CID_A, "x");

    assert_outcome(&a, APPEND_CONFLICT, log.epoch, 0);
    suite_fill(s, &log, 1, 3);
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            a = suite_send(s, &log, wrong[i], CID_A, "x");
            assert_outcome(&a, APPEND_CONFLICT, log.epoch, 3);
        }
        suite_reopen(s);
    }
    assert_state(s, &log, 1, 3);
    assert_no_cid(s, &log, CID_A);
    a = suite_send(s, &log, 4, CID_A, "x");
    assert_stored(&a, &log, 4);
}

static void epochs_beyond_the_signed_numbers_are_like_others(void **state)
{
    static const uint64_t epochs[] = { 0, 1, UINT64_C(1) << 63, INT64_MAX, UINT64_MAX };
    struct suite *s = *state;
    struct log log;
    char title[8];

    for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
        struct room r;

        snprintf(title, sizeof title, "r%zu", i);
        r = suite_room(title);
        r.epoch = epochs[i];
        assert_int_equal(store_room_add(s->writer, &r, 10), STORE_OK);
        log = (struct log){ r.id, r.epoch };
        suite_fill(s, &log, 1, 2);
        assert_state(s, &log, 1, 2);
    }
}

static void a_repeat_is_answered_with_the_first_ones_place_and_time(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct append a = suite_send(s, &log, 1, CID_A, "once"), *again;

    assert_stored(&a, &log, 1);
    suite_fill(s, &log, 2, 4);
    for (int round = 0; round < 2; round++) {
        again = batch_send(batch_new(s), &log, 6, CID_A, "once");
        again->entry.time_ms = 42;
        again->entry.name = STR("Renamed"); /* neither name nor colour makes it another one */
        again->entry.color = STR("red");
        batch_append(s);
        assert_outcome(again, APPEND_DUP, log.epoch, 1);
        assert_int_equal(again->time_ms, a.entry.time_ms);
        suite_reopen(s);
    }
    assert_state(s, &log, 1, 5);
}

static void a_repeat_inside_one_append_is_a_repeat(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct batch *b = batch_new(s);

    batch_send(b, &log, 1, CID_A, "once");
    batch_send(b, &log, 2, CID_A, "once");
    batch_append(s);
    assert_stored(&b->a[0], &log, 1);
    assert_outcome(&b->a[1], APPEND_DUP, log.epoch, 1);
    assert_int_equal(b->a[1].time_ms, b->a[0].entry.time_ms);
    assert_state(s, &log, 1, 1);
}

static void a_repeat_at_its_old_place_is_never_stored_again(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct append a;

    suite_fill(s, &log, 1, 1);
    a = suite_send(s, &log, 2, CID_A, "lost answer");
    assert_stored(&a, &log, 2);
    a = suite_send(s, &log, 2, CID_A, "lost answer");
    assert_true(a.outcome == APPEND_DUP || a.outcome == APPEND_CONFLICT);
    assert_int_equal(a.at.seq, 2); /* either way: its own place, or the head */
    assert_state(s, &log, 1, 2);
}

static void a_cid_with_another_text_or_author_is_refused(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct append a = suite_send(s, &log, 1, CID_A, "text"), *other;
    struct log_page page;

    assert_int_equal(suite_send(s, &log, 2, CID_A, "texts").outcome, APPEND_OTHER);
    assert_int_equal(suite_send(s, &log, 2, CID_A, "tex").outcome, APPEND_OTHER);
    assert_int_equal(suite_send(s, &log, 2, CID_A, "").outcome, APPEND_OTHER);
    assert_int_equal(suite_send(s, &log, 2, CID_A, "Text").outcome, APPEND_OTHER);
    other = batch_send(batch_new(s), &log, 2, CID_A, "");
    other->entry.msg = (struct str){ "text\0", 5 };
    batch_append(s);
    assert_int_equal(other->outcome, APPEND_OTHER);
    other = batch_send(batch_new(s), &log, 2, CID_A, "text");
    other->entry.person[TOKEN_PERSON_SIZE - 1] ^= 1;
    batch_append(s);
    assert_int_equal(other->outcome, APPEND_OTHER);
    assert_state(s, &log, 1, 1);
    page = suite_page(s, &log, 0, 0, 10);
    assert_entry(&page.entry[0], &a.entry);
    log_page_free(&page);
}

static void a_cid_is_its_rooms_alone(void **state)
{
    struct suite *s = *state;
    struct log one = suite_log(s, "one"), two = suite_log(s, "two");
    struct append a = suite_send(s, &one, 1, CID_A, "here");
    struct log_page page;

    assert_no_cid(s, &two, CID_A);
    a = suite_send(s, &two, 1, CID_A, "and there");
    assert_stored(&a, &two, 1);
    page = suite_cid(s, &two, CID_A);
    assert_entry(&page.entry[0], &a.entry);
    log_page_free(&page);
}

static void cids_are_the_same_only_byte_for_byte(void **state)
{
    static const char *const cids[] = { "cid-cid-cid-cid-x", "cid-cid-cid-cid-X",  "CID-cid-cid-cid-x",
                                        "cid-cid-cid-cid_x", "cid-cid-cid-cid-xx", ".cid-cid-cid-cid-x",
                                        "cid-cid-cid-cid-" };
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    size_t n = sizeof cids / sizeof *cids;
    struct log_page page;

    for (size_t i = 0; i < n; i++) {
        struct append a = suite_send(s, &log, (int64_t)i + 1, cids[i], "same");

        assert_stored(&a, &log, (int64_t)i + 1);
    }
    for (size_t i = 0; i < n; i++) {
        page = suite_cid(s, &log, cids[i]);
        assert_int_equal(page.entry[0].seq, i + 1);
        log_page_free(&page);
    }
}

static void after_a_failure_the_rest_of_its_room_is_not_tried_and_others_go_on(void **state)
{
    struct suite *s = *state;
    struct log bad = suite_log(s, "bad"), good = suite_log(s, "good");
    char cid[8][SENT_CID_SIZE];
    struct batch *b;

    suite_send(s, &bad, 1, CID_A, "first");
    /* conflict, repeat, another's cid, no target: whatever it is that fails */
    for (int64_t kind = 0; kind < 4; kind++) {
        static const enum append_outcome want[] = { APPEND_CONFLICT, APPEND_DUP, APPEND_OTHER,
                                                    APPEND_NO_TARGET };
        int64_t head = 1 + kind, ahead = 3 * kind;

        for (size_t i = 0; i < 8; i++)
            snprintf(cid[i], sizeof cid[i], "cid-%08d-%08zu", (int)kind, i);
        b = batch_new(s);
        batch_send(b, &good, ahead + 1, cid[0], "good");
        batch_send(b, &bad, head + 1, cid[1], "fine still");
        if (kind == 3)
            batch_remove(b, &bad, head + 2, cid[2], head + 7);
        else
            batch_send(b, &bad, kind == 0 ? head + 3 : head + 2, kind == 0 ? cid[2] : CID_A,
                       kind == 1 ? "first" : "other");
        batch_send(b, &good, ahead + 2, cid[3], "good");
        batch_send(b, &bad, head + 2, cid[4], "not tried though its place is free");
        batch_send(b, &bad, head + 3, cid[5], "not tried");
        batch_send(b, &good, ahead + 3, cid[6], "good");
        batch_append(s);
        assert_stored(&b->a[0], &good, ahead + 1);
        assert_stored(&b->a[1], &bad, head + 1);
        assert_int_equal(b->a[2].outcome, want[kind]);
        assert_stored(&b->a[3], &good, ahead + 2);
        assert_int_equal(b->a[4].outcome, APPEND_NOT_TRIED);
        assert_int_equal(b->a[5].outcome, APPEND_NOT_TRIED);
        assert_stored(&b->a[6], &good, ahead + 3);
        assert_state(s, &bad, 1, head + 1);
        assert_state(s, &good, 1, ahead + 3);
        assert_no_cid(s, &bad, cid[4]);
    }
}

static void a_conflict_in_one_append_tells_the_head_it_made(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct batch *b = batch_new(s);

    batch_send(b, &log, 1, CID_A, "one");
    batch_send(b, &log, 3, CID_B, "a hole before it");
    batch_append(s);
    assert_stored(&b->a[0], &log, 1);
    assert_outcome(&b->a[1], APPEND_CONFLICT, log.epoch, 1);
    assert_state(s, &log, 1, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_log_begins_empty_in_its_rooms_epoch),
    cmocka_unit_test(an_append_of_nothing_does_nothing),
    cmocka_unit_test(an_entry_is_read_back_in_every_member),
    cmocka_unit_test(texts_are_kept_byte_for_byte),
    cmocka_unit_test(numbers_and_dates_in_a_text_stay_text),
    cmocka_unit_test(entries_of_one_append_keep_their_order),
    cmocka_unit_test(an_append_takes_as_many_as_it_may),
    cmocka_unit_test(one_append_serves_many_rooms),
    cmocka_unit_test(a_place_that_is_not_the_next_one_is_a_conflict),
    cmocka_unit_test(epochs_beyond_the_signed_numbers_are_like_others),
    cmocka_unit_test(a_repeat_is_answered_with_the_first_ones_place_and_time),
    cmocka_unit_test(a_repeat_inside_one_append_is_a_repeat),
    cmocka_unit_test(a_repeat_at_its_old_place_is_never_stored_again),
    cmocka_unit_test(a_cid_with_another_text_or_author_is_refused),
    cmocka_unit_test(a_cid_is_its_rooms_alone),
    cmocka_unit_test(cids_are_the_same_only_byte_for_byte),
    cmocka_unit_test(after_a_failure_the_rest_of_its_room_is_not_tried_and_others_go_on),
    cmocka_unit_test(a_conflict_in_one_append_tells_the_head_it_made),
};

const struct suite_part suite_append = { tests, sizeof tests / sizeof *tests };
