/* SPDX-License-Identifier: MIT
 * The writer's logic, relay/append.h, on a store that fails when it is told to: whatever happens, the log is dense, each
 * cid that is said to be stored is there once, at the place told, and order is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "relay/append.h"
#include "tests/unit/store_fake.h"

enum { ROOM = 7, EPOCH = 5, MOST = STORE_BATCH_MAX };

struct batch {
    struct store_fake *fake;
    struct store *store;
    struct append a[MOST], *list[MOST];
    char cid[MOST][24];
    size_t n;
    unsigned made;
};

static int set_up(void **state)
{
    struct batch *b = calloc(1, sizeof *b);

    assert_non_null(b);
    b->fake = store_fake_new();
    b->store = store_fake_open(b->fake, STORE_WRITER);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct batch *b = *state;

    store_close(b->store);
    store_fake_free(b->fake);
    free(b);
    return 0;
}

static struct append *add(struct batch *b, int64_t room_id, uint64_t epoch)
{
    struct append *a = &b->a[b->n];

    snprintf(b->cid[b->n], sizeof b->cid[b->n], ".made-by-us-%08u", ++b->made);
    *a = (struct append){ .entry = {
                              .room_id = room_id, .epoch = epoch, .kind = ENTRY_SEND, .time_ms = b->made } };
    a->entry.cid = str_of(b->cid[b->n]);
    a->entry.msg = STR("text");
    b->list[b->n++] = a;
    return a;
}

/* A new batch of n sends to one room, run with these troubles. */
static void run(struct batch *b, size_t n, struct store_fake_knobs troubles)
{
    b->n = 0;
    while (n--)
        add(b, ROOM, EPOCH);
    store_fake_set(b->fake, troubles);
    append_run(b->store, b->list, b->n);
    store_fake_set(b->fake, (struct store_fake_knobs){ 0 });
}

static int64_t head(struct batch *b, int64_t room_id, uint64_t epoch)
{
    struct log_state log;

    assert_int_equal(store_log_state(b->store, room_id, epoch, &log), STORE_OK);
    return log.head;
}

/* Every entry that is said to be stored is where it is said to be, and those of a room rise in the order given. */
static void assert_told_truly(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct append *a = b->list[i];
        struct log_page page;

        if (a->outcome != APPEND_STORED)
            continue;
        assert_int_equal(store_log_cid(b->store, a->entry.room_id, a->entry.cid, &page), STORE_OK);
        assert_true(page.entry[0].epoch == a->at.epoch && page.entry[0].seq == a->at.seq);
        log_page_free(&page);
        for (size_t k = 0; k < i; k++)
            if (b->list[k]->outcome == APPEND_STORED && b->list[k]->entry.room_id == a->entry.room_id &&
                b->list[k]->at.epoch == a->at.epoch)
                assert_true(b->list[k]->at.seq < a->at.seq);
    }
}

static void assert_all(const struct batch *b, enum append_outcome want)
{
    for (size_t i = 0; i < b->n; i++)
        assert_int_equal(b->list[i]->outcome, want);
}

/* How many of a room's seqs are there: all of them, or the log is not dense. */
static void assert_dense(struct batch *b, int64_t room_id, uint64_t epoch, int64_t want_head)
{
    int64_t next = 1;

    assert_int_equal(head(b, room_id, epoch), want_head);
    while (next <= want_head) {
        struct log_query q = { room_id, epoch, 0, next - 1, STORE_PAGE_MAX };
        struct log_page page;

        if (next == 1)
            q.before = STORE_PAGE_MAX + 1; /* `after` 0 is none, and would give the newest */
        assert_int_equal(store_log_page(b->store, &q, &page), STORE_OK);
        assert_true(page.n > 0);
        for (size_t i = 0; i < page.n; i++)
            assert_int_equal(page.entry[i].seq, next++);
        log_page_free(&page);
    }
}

static void a_batch_is_stored_in_its_order(void **state)
{
    struct batch *b = *state;

    run(b, MOST, (struct store_fake_knobs){ 0 });
    assert_all(b, APPEND_STORED);
    assert_told_truly(b);
    run(b, 3, (struct store_fake_knobs){ 0 });
    assert_int_equal(b->a[0].at.seq, MOST + 1);
    assert_dense(b, ROOM, EPOCH, MOST + 3);
}

static void what_was_not_tried_is_tried_again(void **state)
{
    struct batch *b = *state;

    for (size_t prefix = 0; prefix < 6; prefix++) {
        run(b, 6, (struct store_fake_knobs){ .cut_short = true, .prefix = prefix, .rest = APPEND_NOT_TRIED });
        assert_all(b, APPEND_STORED);
        assert_told_truly(b);
    }
    assert_dense(b, ROOM, EPOCH, 36);
}

static void who_loses_the_race_goes_behind_the_others(void **state)
{
    struct batch *b = *state;

    for (size_t foreign = 1; foreign < 5; foreign++) {
        int64_t before = head(b, ROOM, EPOCH);

        run(b, 4, (struct store_fake_knobs){ .foreign = foreign });
        assert_all(b, APPEND_STORED);
        assert_told_truly(b);
        assert_int_equal(b->a[0].at.seq, before + (int64_t)foreign + 1);
    }
    assert_dense(b, ROOM, EPOCH, 4 * 4 + 1 + 2 + 3 + 4);
}

static void a_lost_answer_is_looked_up(void **state)
{
    struct batch *b = *state;

    run(b, 5, (struct store_fake_knobs){ .lose = 1 });
    assert_all(b, APPEND_STORED);
    assert_told_truly(b);
    assert_dense(b, ROOM, EPOCH, 5);
}

static void what_may_not_be_stored_stays_unknown(void **state)
{
    struct batch *b = *state;

    run(b, 4, (struct store_fake_knobs){ .cut_short = true, .prefix = 1, .rest = APPEND_UNKNOWN });
    assert_int_equal(b->a[0].outcome, APPEND_STORED);
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(b->a[i].outcome, APPEND_UNKNOWN);
    assert_dense(b, ROOM, EPOCH, 1);
}

static void no_space_and_no_store_are_told_and_store_nothing(void **state)
{
    struct batch *b = *state;

    run(b, 4, (struct store_fake_knobs){ .refuse = 1, .refuse_with = STORE_FULL });
    assert_all(b, APPEND_FULL);
    run(b, 4, (struct store_fake_knobs){ .refuse = 100, .refuse_with = STORE_DOWN });
    assert_all(b, APPEND_DOWN);
    assert_int_equal(head(b, ROOM, EPOCH), 0);
}

/* What comes behind a repeat moves up: there is no hole where the repeat would have been. */
static void a_repeat_in_the_middle_leaves_no_hole(void **state)
{
    struct batch *b = *state;
    char old[24];

    run(b, 1, (struct store_fake_knobs){ 0 });
    memcpy(old, b->cid[0], sizeof old);
    b->n = 0;
    for (int i = 0; i < 5; i++)
        add(b, ROOM, EPOCH);
    b->a[1].entry.cid = str_of(old);
    b->a[3].entry.cid = str_of(old);
    b->a[3].entry.msg = STR("another text");
    append_run(b->store, b->list, b->n);
    assert_int_equal(b->a[1].outcome, APPEND_DUP);
    assert_int_equal(b->a[1].at.seq, 1);
    assert_int_equal(b->a[3].outcome, APPEND_OTHER);
    assert_true(b->a[0].at.seq == 2 && b->a[2].at.seq == 3 && b->a[4].at.seq == 4);
    assert_told_truly(b);
    assert_dense(b, ROOM, EPOCH, 4);
}

static void rooms_and_epochs_of_one_batch_have_places_of_their_own(void **state)
{
    struct batch *b = *state;

    b->n = 0;
    for (int i = 0; i < MOST; i++)
        add(b, 1 + i % 100, i % 3 ? EPOCH : EPOCH + 1);
    append_run(b->store, b->list, b->n);
    assert_all(b, APPEND_STORED);
    assert_told_truly(b);
    for (int64_t room = 1; room <= 100; room++) {
        int64_t a = head(b, room, EPOCH), c = head(b, room, EPOCH + 1);

        assert_int_equal(a + c, room <= MOST % 100 ? MOST / 100 + 1 : MOST / 100);
        assert_dense(b, room, EPOCH, a);
        assert_dense(b, room, EPOCH + 1, c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_batch_is_stored_in_its_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_tried_is_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_loses_the_race_goes_behind_the_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_answer_is_looked_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_may_not_be_stored_stays_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_space_and_no_store_are_told_and_store_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_repeat_in_the_middle_leaves_no_hole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rooms_and_epochs_of_one_batch_have_places_of_their_own, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
