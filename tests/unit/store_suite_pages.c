/* SPDX-License-Identifier: MIT
 * Store suite: pages of a log, and entries by cid.
 */
#include "tests/unit/store_suite_parts.h"

#include <inttypes.h>

/* What of 1..head a query gives, written down once more: the first and the number. */
static size_t expected(int64_t head, int64_t before, int64_t after, size_t limit, int64_t *first)
{
    int64_t low = after + 1, high = before && before <= head ? before - 1 : head;
    size_t fit = high >= low ? (size_t)(high - low + 1) : 0;

    *first = low;
    if (fit <= limit)
        return fit;
    if (before || !after)
        *first = high - (int64_t)limit + 1;
    return limit;
}

static void check_page(struct suite *s, const struct log *log, int64_t head, struct log_query q)
{
    struct log_page page = suite_page(s, log, q.before, q.after, q.limit);
    char cid[SENT_CID_SIZE];
    int64_t first;
    size_t n = expected(head, q.before, q.after, q.limit, &first);
    bool good = page.n == n && page.log.epoch == log->epoch && page.log.first == 1 && page.log.head == head;

    for (size_t i = 0; good && i < n; i++) {
        const struct entry *e = &page.entry[i];

        sent_cid(cid, log, first + (int64_t)i);
        good = e->seq == first + (int64_t)i && e->epoch == log->epoch && e->room_id == log->id &&
               str_is(e->cid, cid) && str_is(e->msg, cid);
    }
    if (!good)
        print_error("before=%" PRId64 " after=%" PRId64 " limit=%zu: %zu entries from %" PRId64
                    ", not %zu from %" PRId64 "\n",
                    q.before, q.after, q.limit, page.n, page.n ? page.entry[0].seq : 0, n, first);
    log_page_free(&page);
    assert_true(good);
}

static void every_combination_of_before_after_and_limit_gives_its_page(void **state)
{
    static const size_t limits[] = { 1, 2, 3, 6, 7, 8, STORE_PAGE_MAX };
    struct suite *s = *state;
    struct log log = suite_log(s, "room"), other = suite_log(s, "other");

    for (int64_t seq = 1; seq <= 7; seq++) { /* the other room's lie between */
        suite_fill(s, &log, seq, 1);
        suite_fill(s, &other, 2 * seq - 1, 2);
    }
    for (int64_t before = 0; before <= 10; before++)
        for (int64_t after = 0; after <= 10; after++)
            for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
                check_page(s, &log, 7,
                           (struct log_query){ .before = before, .after = after, .limit = limits[i] });
    check_page(s, &log, 7, (struct log_query){ .before = INT64_MAX, .limit = 3 });
    check_page(s, &log, 7, (struct log_query){ .after = INT64_MAX - 1, .limit = 3 });
    check_page(s, &log, 7, (struct log_query){ .before = INT64_MAX, .after = 2, .limit = 3 });
}

static void the_writers_handle_reads_pages_too(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct log_query q = { log.id, log.epoch, 0, 2, 10 };
    struct log_page page;

    suite_fill(s, &log, 1, 5);
    assert_int_equal(store_log_page(s->writer, &q, &page), STORE_OK);
    assert_int_equal(page.n, 3);
    assert_int_equal(page.entry[0].seq, 3);
    assert_int_equal(page.log.head, 5);
    log_page_free(&page);
    suite_fill(s, &log, 6, 1); /* and writes on */
    assert_state(s, &log, 1, 6);
}

static void the_longest_page_is_served_whole(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    int64_t head = STORE_PAGE_MAX + 88;

    suite_fill(s, &log, 1, (size_t)head);
    check_page(s, &log, head, (struct log_query){ .limit = STORE_PAGE_MAX });
    check_page(s, &log, head, (struct log_query){ .after = 1, .limit = STORE_PAGE_MAX });
    check_page(s, &log, head, (struct log_query){ .before = head, .limit = STORE_PAGE_MAX });
    check_page(s, &log, head, (struct log_query){ .before = STORE_PAGE_MAX + 1, .limit = STORE_PAGE_MAX });
    check_page(s, &log, head, (struct log_query){ .after = STORE_PAGE_MAX, .limit = STORE_PAGE_MAX });
}

static void texts_of_a_page_are_its_own(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct log_page one, two;
    char cid[SENT_CID_SIZE];

    suite_fill(s, &log, 1, 3);
    one = suite_page(s, &log, 0, 0, 2);
    two = suite_page(s, &log, 3, 0, 2);
    suite_reopen(s); /* they outlive even the handle */
    assert_true(str_is(one.entry[1].msg, sent_cid(cid, &log, 3)));
    log_page_free(&one);
    assert_true(str_is(two.entry[0].msg, sent_cid(cid, &log, 1)));
    assert_true(str_is(two.entry[1].cid, sent_cid(cid, &log, 2)));
    log_page_free(&two);
}

static void an_entry_is_found_by_its_cid(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room"), other = suite_log(s, "other");
    struct append a;
    struct log_page page;

    suite_fill(s, &log, 1, 3);
    a = suite_send(s, &log, 4, "the-cid-looked-for", "text");
    suite_fill(s, &log, 5, 3);
    page = suite_cid(s, &log, "the-cid-looked-for");
    assert_entry(&page.entry[0], &a.entry);
    log_page_free(&page);
    assert_no_cid(s, &other, "the-cid-looked-for");
    assert_no_cid(s, &log, "the-cid-looked-fo");
    assert_no_cid(s, &log, "the-cid-looked-for-");
    assert_no_cid(s, &log, "");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_combination_of_before_after_and_limit_gives_its_page),
    cmocka_unit_test(the_writers_handle_reads_pages_too),
    cmocka_unit_test(the_longest_page_is_served_whole),
    cmocka_unit_test(texts_of_a_page_are_its_own),
    cmocka_unit_test(an_entry_is_found_by_its_cid),
};

const struct suite_part suite_pages = { tests, sizeof tests / sizeof *tests };
