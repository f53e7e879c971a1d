/* SPDX-License-Identifier: MIT
 * Store suite: entries that take another one's text back.
 */
#include "tests/unit/store_suite_parts.h"

#define CID_SEND   "send-cid-00000001"
#define CID_REMOVE "remove-cid-000001"
#define CID_MORE   "another-cid-00001"

/* A log with three sends, the second by CID_SEND. */
static struct log three_sends(struct suite *s, struct append *second)
{
    struct log log = suite_log(s, "room");

    suite_fill(s, &log, 1, 1);
    *second = suite_send(s, &log, 2, CID_SEND, "taken back later");
    assert_stored(second, &log, 2);
    suite_fill(s, &log, 3, 1);
    return log;
}

static void assert_send_is_whole(struct suite *s, const struct log *log, const struct append *send)
{
    struct log_page page = suite_page(s, log, send->entry.seq + 1, send->entry.seq - 1, 1);

    assert_int_equal(page.n, 1);
    assert_entry(&page.entry[0], &send->entry);
    log_page_free(&page);
}

static void a_removal_wipes_its_target_and_has_a_seq_of_its_own(void **state)
{
    struct suite *s = *state;
    struct append send, removal;
    struct log log = three_sends(s, &send);
    struct log_page page;
    char cid[SENT_CID_SIZE];

    removal = suite_remove(s, &log, 4, CID_REMOVE, 2);
    assert_stored(&removal, &log, 4);
    send.entry.removed = true; /* and all but its texts stays */
    send.entry.name = send.entry.color = send.entry.msg = STR("");
    for (int again = 0; again < 2; again++) {
        assert_state(s, &log, 1, 4);
        page = suite_page(s, &log, 0, 0, 10);
        assert_int_equal(page.n, 4);
        assert_entry(&page.entry[1], &send.entry);
        assert_entry(&page.entry[3], &removal.entry);
        assert_false(page.entry[0].removed || page.entry[2].removed || page.entry[3].removed);
        assert_true(str_is(page.entry[0].msg, sent_cid(cid, &log, 1)));
        assert_true(str_is(page.entry[2].msg, sent_cid(cid, &log, 3)));
        log_page_free(&page);
        page = suite_cid(s, &log, CID_SEND);
        assert_entry(&page.entry[0], &send.entry);
        log_page_free(&page);
        suite_reopen(s);
    }
}

static void a_removal_by_another_person_keeps_who_it_was_by(void **state)
{
    struct suite *s = *state;
    struct append send, *removal;
    struct log log = three_sends(s, &send);
    struct log_page page;

    removal = batch_remove(batch_new(s), &log, 4, CID_REMOVE, 2);
    set_person(&removal->entry, 'm');
    batch_append(s);
    assert_stored(removal, &log, 4);
    page = suite_cid(s, &log, CID_REMOVE);
    assert_entry(&page.entry[0], &removal->entry);
    log_page_free(&page);
    page = suite_cid(s, &log, CID_SEND);
    assert_memory_equal(page.entry[0].person, send.entry.person, sizeof send.entry.person);
    log_page_free(&page);
}

static void a_repeated_removal_is_a_repeat(void **state)
{
    struct suite *s = *state;
    struct append send, removal, again;
    struct log log = three_sends(s, &send);

    removal = suite_remove(s, &log, 4, CID_REMOVE, 2);
    for (int round = 0; round < 2; round++) {
        again = suite_remove(s, &log, 5, CID_REMOVE, 2);
        assert_outcome(&again, APPEND_DUP, log.epoch, 4);
        assert_int_equal(again.time_ms, removal.entry.time_ms);
        suite_reopen(s);
    }
    assert_state(s, &log, 1, 4);
}

static void a_repeat_of_a_removed_send_is_still_a_repeat(void **state)
{
    struct suite *s = *state;
    struct append send, again, *other;
    struct log log = three_sends(s, &send);

    suite_remove(s, &log, 4, CID_REMOVE, 2);
    again = suite_send(s, &log, 5, CID_SEND, "taken back later");
    assert_outcome(&again, APPEND_DUP, log.epoch, 2);
    assert_int_equal(again.time_ms, send.entry.time_ms);
    other = batch_send(batch_new(s), &log, 5, CID_SEND, "taken back later");
    set_person(&other->entry, 'z');
    batch_append(s);
    assert_int_equal(other->outcome, APPEND_OTHER);
    assert_state(s, &log, 1, 4);
}

static void what_is_removed_cannot_be_removed_again(void **state)
{
    struct suite *s = *state;
    struct append send, second;
    struct log log = three_sends(s, &send);

    suite_remove(s, &log, 4, CID_REMOVE, 2);
    second = suite_remove(s, &log, 5, CID_MORE, 2);
    assert_int_equal(second.outcome, APPEND_NO_TARGET);
    suite_reopen(s);
    second = suite_remove(s, &log, 5, CID_MORE, 2);
    assert_int_equal(second.outcome, APPEND_NO_TARGET);
    assert_state(s, &log, 1, 4);
    assert_no_cid(s, &log, CID_MORE);
}

static void a_removal_cannot_be_removed(void **state)
{
    struct suite *s = *state;
    struct append send;
    struct log log = three_sends(s, &send);

    suite_remove(s, &log, 4, CID_REMOVE, 2);
    assert_int_equal(suite_remove(s, &log, 5, CID_MORE, 4).outcome, APPEND_NO_TARGET);
    assert_state(s, &log, 1, 4);
}

static void what_is_not_there_cannot_be_removed(void **state)
{
    static const int64_t nowhere[] = { 4, 5, 1000, 0, -1, INT64_MAX, INT64_MIN }; /* 4: the removal itself */
    struct suite *s = *state;
    struct append send;
    struct log log = three_sends(s, &send);

    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++)
        assert_int_equal(suite_remove(s, &log, 4, CID_REMOVE, nowhere[i]).outcome, APPEND_NO_TARGET);
    assert_state(s, &log, 1, 3);
    assert_no_cid(s, &log, CID_REMOVE);
    assert_send_is_whole(s, &log, &send);
}

static void a_send_of_another_room_cannot_be_removed(void **state)
{
    struct suite *s = *state;
    struct append send;
    struct log log = three_sends(s, &send), other = suite_log(s, "other");

    assert_int_equal(suite_remove(s, &other, 1, CID_REMOVE, 2).outcome, APPEND_NO_TARGET);
    assert_send_is_whole(s, &log, &send);
}

static void a_send_of_another_epoch_cannot_be_removed(void **state)
{
    struct suite *s = *state;
    struct append send, removal;
    struct log log = three_sends(s, &send), new = suite_log_in(&log, 77);
    struct log_page page;

    assert_int_equal(suite_remove(s, &new, 1, CID_REMOVE, 2).outcome, APPEND_NO_TARGET);
    suite_fill(s, &new, 1, 4); /* of 4 there is one in this epoch alone */
    assert_int_equal(suite_remove(s, &log, 4, CID_REMOVE, 4).outcome, APPEND_NO_TARGET);
    assert_no_cid(s, &log, CID_REMOVE);
    assert_send_is_whole(s, &log, &send);
    removal = suite_remove(s, &new, 5, CID_REMOVE, 2); /* of 2 there is one in both */
    assert_stored(&removal, &new, 5);
    assert_send_is_whole(s, &log, &send);
    page = suite_page(s, &new, 0, 0, 10);
    assert_int_equal(page.n, 5);
    for (size_t i = 0; i < page.n; i++)
        assert_int_equal(page.entry[i].removed, i == 1);
    log_page_free(&page);
}

static void a_removal_at_the_wrong_place_wipes_nothing(void **state)
{
    struct suite *s = *state;
    struct append send, removal;
    struct log log = three_sends(s, &send);

    removal = suite_remove(s, &log, 3, CID_REMOVE, 2);
    assert_outcome(&removal, APPEND_CONFLICT, log.epoch, 3);
    removal = suite_remove(s, &log, 5, CID_REMOVE, 2);
    assert_outcome(&removal, APPEND_CONFLICT, log.epoch, 3);
    assert_send_is_whole(s, &log, &send);
    removal = suite_remove(s, &log, 4, CID_REMOVE, 2);
    assert_stored(&removal, &log, 4);
}

static void a_removal_with_a_cid_that_is_anothers_wipes_nothing(void **state)
{
    struct suite *s = *state;
    struct append send, removal;
    struct log log = three_sends(s, &send);

    removal = suite_remove(s, &log, 4, CID_SEND, 2);
    assert_int_equal(removal.outcome, APPEND_OTHER);
    assert_state(s, &log, 1, 3);
    assert_send_is_whole(s, &log, &send);
}

static void a_removal_may_follow_its_target_in_one_append(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct batch *b = batch_new(s);
    struct log_page page;

    batch_send(b, &log, 1, CID_SEND, "typo");
    batch_remove(b, &log, 2, CID_REMOVE, 1);
    batch_send(b, &log, 3, CID_MORE, "no typo");
    batch_append(s);
    for (size_t i = 0; i < b->n; i++)
        assert_stored(&b->a[i], &log, (int64_t)i + 1);
    page = suite_page(s, &log, 0, 0, 10);
    assert_int_equal(page.n, 3);
    assert_true(page.entry[0].removed && page.entry[0].msg.n == 0 && page.entry[0].name.n == 0);
    assert_entry(&page.entry[1], &b->a[1].entry);
    assert_entry(&page.entry[2], &b->a[2].entry);
    log_page_free(&page);
}

static void a_removal_before_its_target_in_one_append_finds_none(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct batch *b = batch_new(s);

    batch_remove(b, &log, 1, CID_REMOVE, 2);
    batch_send(b, &log, 2, CID_SEND, "not tried");
    batch_append(s);
    assert_int_equal(b->a[0].outcome, APPEND_NO_TARGET);
    assert_int_equal(b->a[1].outcome, APPEND_NOT_TRIED);
    assert_state(s, &log, 1, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_removal_wipes_its_target_and_has_a_seq_of_its_own),
    cmocka_unit_test(a_removal_by_another_person_keeps_who_it_was_by),
    cmocka_unit_test(a_repeated_removal_is_a_repeat),
    cmocka_unit_test(a_repeat_of_a_removed_send_is_still_a_repeat),
    cmocka_unit_test(what_is_removed_cannot_be_removed_again),
    cmocka_unit_test(a_removal_cannot_be_removed),
    cmocka_unit_test(what_is_not_there_cannot_be_removed),
    cmocka_unit_test(a_send_of_another_room_cannot_be_removed),
    cmocka_unit_test(a_send_of_another_epoch_cannot_be_removed),
    cmocka_unit_test(a_removal_at_the_wrong_place_wipes_nothing),
    cmocka_unit_test(a_removal_with_a_cid_that_is_anothers_wipes_nothing),
    cmocka_unit_test(a_removal_may_follow_its_target_in_one_append),
    cmocka_unit_test(a_removal_before_its_target_in_one_append_finds_none),
};

const struct suite_part suite_removals = { tests, sizeof tests / sizeof *tests };
