/* SPDX-License-Identifier: MIT
 * Readers that fall out of a room's window (relay/deliver.h) are brought back in by pages from the store, and
 * miss nothing. By a hub in a made-up world.
 */
#include "relay/deliver.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/world_fake.h"

static int begin_with(void **state, size_t window_size)
{
    struct hub_limits limits = fake_limits();

    limits.window_size = window_size;
    limits.pending_per_socket = 10000;
    *state = fake_world_new(&limits);
    return 0;
}

static int begin(void **state)
{
    return begin_with(state, 1 << 20);
}

static int begin_small(void **state)
{
    return begin_with(state, 4096);
}

static int end(void **state)
{
    fake_world_free(*state);
    return 0;
}

/* ---- pages ---- */

static void who_falls_out_of_the_window_gets_every_send_by_pages(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    slow->room = 0;
    fake_talk(ann, "", 300);
    assert_int_equal(slow->world->loads_ever, 0);
    fake_take(slow, FAKE_ALL);
    assert_int_equal(slow->world->loading, 1);
    fake_settle(*state);
    fake_assert_sends(slow, 1, 300);
    assert_int_equal(slow->world->loads_ever, 3);
    fake_talk(ann, "", 2);
    fake_assert_sends(slow, 1, 302);
    assert_int_equal(slow->world->loads_ever, 3);
}

static void pages_go_to_sockets_that_take_little(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    slow->room = 0;
    fake_talk(ann, "", 40);
    for (size_t i = 0; slow->wanted || slow->world->loading; i++) {
        fake_take(slow, 1 + i * 7 % 900);
        if (i % 11 == 0 && i < 400)
            fake_talk(ann, "", 1);
        if (slow->world->loading && i % 3 == 0)
            fake_load(slow->world, LOAD_WELL);
    }
    fake_assert_sends(slow, 1, (unsigned)fake_count(ann, "") - 1);
}

static void pages_are_shared(void **state)
{
    enum { READERS = 5 };
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow[READERS];

    for (size_t i = 0; i < READERS; i++)
        slow[i] = fake_enter(*state, NULL, 0);
    fake_flush(*state);
    for (size_t i = 0; i < READERS; i++)
        slow[i]->room = 0;
    fake_talk(ann, "", 100);
    for (size_t i = 0; i < READERS; i++)
        fake_take(slow[i], FAKE_ALL);
    fake_settle(*state);
    assert_int_equal(ann->world->loads_ever, 1);
    for (size_t i = 0; i < READERS; i++)
        fake_assert_sends(slow[i], 1, 100);
}

static void a_page_that_others_still_read_is_read_from_its_middle(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *one = fake_enter(*state, NULL, 0), *two;

    fake_flush(*state);
    one->room = 0;
    fake_talk(ann, "", 5);
    two = fake_enter(*state, NULL, 0);
    two->room = 0;
    fake_talk(ann, "", 40);
    fake_take(one, FAKE_TALK);
    fake_load(*state, LOAD_WELL); /* some of it goes to one, which is full then */
    fake_take(two, FAKE_ALL);
    fake_settle(*state);
    assert_int_equal(ann->world->loads_ever, 1);
    fake_assert_sends(two, 6, 45);
    fake_take(one, FAKE_ALL);
    fake_settle(*state);
    fake_assert_sends(one, 1, 45);
}

static void a_short_page_is_followed_by_another(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    slow->room = 0;
    fake_talk(ann, "", 40);
    fake_take(slow, FAKE_ALL);
    fake_load(*state, LOAD_SHORT);
    fake_settle(*state);
    fake_assert_sends(slow, 1, 40);
    assert_int_equal(slow->world->loads_ever, 2);
}

/* Never a silent gap: who cannot be given all is closed. */
static void a_page_that_does_not_have_what_comes_next_closes(void **state)
{
    const enum fake_load how[] = { LOAD_FAILED, LOAD_EMPTY, LOAD_WITHOUT_FIRST };
    struct fake_socket *ann = fake_guest(*state, "ann");

    for (size_t i = 0; i < 3; i++) {
        struct fake_socket *slow = fake_enter(*state, NULL, 0), *other;

        slow->room = 0;
        fake_talk(ann, "", 40);
        fake_take(slow, FAKE_ALL);
        fake_load(*state, how[i]);
        assert_string_equal(fake_said(slow), "close 1013");
        assert_true(slow->hung_up);
        other = fake_enter(*state, NULL, 0); /* what failed is not given to others */
        fake_talk(ann, "", 1);
        assert_int_equal(fake_count(other, ""), 1);
    }
}

static void a_failed_page_is_not_given_to_who_comes_later(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *one = fake_enter(*state, NULL, 0),
                       *two = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    one->room = two->room = 0;
    fake_talk(ann, "", 40);
    fake_take(one, FAKE_ALL);
    fake_load(*state, LOAD_FAILED);
    fake_take(two, FAKE_ALL);
    fake_settle(*state);
    assert_string_equal(fake_said(one), "close 1013");
    fake_assert_sends(two, 1, 40);
}

static void who_goes_while_a_page_is_loading_leaves_it_behind(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann"), *slow = fake_enter(f, NULL, 0);

    slow->room = 0;
    fake_talk(ann, "", 40);
    fake_take(slow, FAKE_ALL);
    fake_close(slow);
    fake_close(ann);
    fake_settle(f); /* the page is freed, and the room */
    assert_int_equal(hub_counts(f->hub).rooms, 0);
}

static void what_is_for_one_alone_goes_between_pages(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    slow->room = 0;
    fake_talk(ann, "", 40);
    fake_take(slow, FAKE_ALL);
    fake_text(slow, "nonsense");
    fake_settle(*state);
    assert_int_equal(fake_count(slow, "error 203"), 1);
    fake_assert_sends(slow, 1, 40);
}

static void entries_that_the_hub_was_not_told_of_are_read_from_the_store(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *bob = fake_enter(*state, NULL, 0);

    fake_talk(ann, "", 2);
    fake_store_more(*state, 3);
    fake_talk(ann, "", 1);
    fake_settle(*state);
    fake_assert_sends(bob, 1, 6);
    assert_int_equal(fake_count(bob, "4 elsewhere: unheard"), 1);
    fake_talk(ann, "", 2);
    fake_assert_sends(bob, 1, 8);
    fake_assert_sends(ann, 1, 8);
    assert_int_equal(ann->world->loads_ever, 1);
}

static void an_entry_whose_outcome_is_unknown_leaves_no_hole(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    slow->room = 0;
    fake_talk(ann, "", 1);
    fake_send(ann, "who knows");
    fake_store_fails(*state, APPEND_UNKNOWN);
    fake_flush(*state);
    assert_int_equal(fake_count(ann, "error 503"), 1);
    fake_talk(ann, "", 1);
    fake_take(slow, FAKE_ALL);
    fake_settle(*state);
    fake_assert_sends(ann, 1, 3);
    fake_assert_sends(slow, 1, 3);
}

/* ---- pages that end before all that was asked for ---- */

/* n messages of so many bytes that a page's last entry is one of its first. */
static void talk_long(struct fake_socket *s, size_t n)
{
    static char text[4001];

    memset(text, 'x', sizeof text - 1);
    while (n--) {
        fake_send(s, text);
        fake_store(s->world, s->world->waiting);
        fake_flush(s->world);
    }
}

static void long_messages_come_in_more_pages(void **state)
{
    enum { SENDS = 100, MOST = PAGE_BYTES + 2 * 4096 };
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);
    struct fake_world *f = *state;
    size_t before;

    fake_flush(f);
    slow->room = 0;
    talk_long(ann, SENDS);
    fake_take(slow, FAKE_ALL);
    while (f->loading) {
        before = slow->got.len;
        fake_load(f, LOAD_WELL);
        assert_in_range(slow->got.len - before, 1, MOST);
    }
    fake_assert_sends(slow, 1, SENDS);
    assert_in_range(f->loads_ever, SENDS * 4000 / MOST, SENDS * 4000 / PAGE_BYTES + 1);
}

/* Both wait for one page; it is full before it comes to what the second needs. */
static void who_waits_for_what_a_page_did_not_come_to_gets_another(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *one = fake_enter(*state, NULL, 0), *two;
    struct fake_world *f = *state;

    fake_flush(f);
    one->room = 0;
    talk_long(ann, 60);
    two = fake_enter(f, NULL, 0);
    two->room = 0;
    talk_long(ann, 40);
    fake_take(one, FAKE_ALL);
    fake_take(two, FAKE_ALL);
    assert_int_equal(f->loading, 1);
    fake_load(f, LOAD_WELL);
    assert_false(two->hung_up);
    fake_settle(f);
    fake_assert_sends(one, 1, 100);
    fake_assert_sends(two, 61, 100);
}

/* ---- entries that have no frame ---- */

static void entries_without_a_word_are_passed_over(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);
    struct fake_world *f = *state;

    fake_flush(f);
    slow->room = 0;
    fake_talk(ann, "", 20);
    fake_store_removal(f, 1);
    fake_store_removal(f, 7);
    fake_talk(ann, "", 20);
    fake_settle(f);
    fake_take(slow, FAKE_ALL);
    fake_settle(f);
    assert_int_equal(fake_count(slow, ""), 38);
    assert_int_equal(fake_count(slow, "1 "), 0);
    assert_int_equal(fake_count(slow, "7 "), 0);
    assert_int_equal(fake_count(slow, "42 "), 1);
    assert_int_equal(fake_count(ann, "20 "), 1);
    assert_int_equal(fake_count(ann, "23 "), 1);
    assert_int_equal(fake_count(ann, ""), 1 + 40); /* it has had them before they were taken back */
}

static void a_page_without_any_word_is_passed_over(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);
    struct fake_world *f = *state;

    fake_flush(f);
    slow->room = 0;
    fake_store_more(f, PAGE_ENTRIES);
    for (int64_t seq = 1; seq <= PAGE_ENTRIES; seq++)
        fake_store_removal(f, seq);
    fake_talk(ann, "", 1);
    fake_take(slow, FAKE_ALL);
    fake_settle(f);
    assert_int_equal(fake_count(slow, "257 ann: "), 1);
    assert_int_equal(fake_count(slow, ""), 1);
    fake_talk(ann, "", 1);
    assert_int_equal(fake_count(slow, ""), 2);
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, begin, end)
#define SMALL(f) cmocka_unit_test_setup_teardown(f, begin_small, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL(who_falls_out_of_the_window_gets_every_send_by_pages),
        SMALL(pages_go_to_sockets_that_take_little),
        SMALL(pages_are_shared),
        SMALL(a_page_that_others_still_read_is_read_from_its_middle),
        SMALL(a_short_page_is_followed_by_another),
        SMALL(a_page_that_does_not_have_what_comes_next_closes),
        SMALL(a_failed_page_is_not_given_to_who_comes_later),
        SMALL(who_goes_while_a_page_is_loading_leaves_it_behind),
        SMALL(what_is_for_one_alone_goes_between_pages),
        TEST(entries_that_the_hub_was_not_told_of_are_read_from_the_store),
        TEST(an_entry_whose_outcome_is_unknown_leaves_no_hole),
        SMALL(long_messages_come_in_more_pages),
        SMALL(who_waits_for_what_a_page_did_not_come_to_gets_another),
        SMALL(entries_without_a_word_are_passed_over),
        SMALL(a_page_without_any_word_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
