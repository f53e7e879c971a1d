/* SPDX-License-Identifier: MIT
 * How deliveries end (relay/deliver.h): by sockets that make no progress, and by last frames. By a hub in a
 * made-up world.
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

/* ---- those that make no progress ---- */

static void who_takes_nothing_for_stall_max_is_closed(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *full = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    full->room = 0;
    fake_talk(ann, "", 1);
    fake_pass(*state, 60000);
    assert_false(full->hung_up);
    fake_pass(*state, 1);
    assert_string_equal(fake_said(full), "close 1013");
    assert_true(full->hung_up);
    assert_false(ann->hung_up);
}

static void progress_of_a_few_bytes_is_enough(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);

    slow->room = 0;
    fake_talk(ann, "", 8);
    for (size_t i = 0; i < 5; i++) {
        fake_pass(*state, 50000);
        fake_take(slow, 1);
    }
    assert_false(slow->hung_up);
    fake_pass(*state, 60001);
    assert_true(slow->hung_up);
}

/* It takes all that is for it alone, but then nothing of the room's. */
static void taking_all_of_one_thing_and_none_of_the_next_is_progress(void **state)
{
    struct fake_socket *measure = fake_enter(*state, NULL, 0), *ann, *slow;
    size_t own;

    fake_text(measure, "nonsense");
    fake_flush(*state);
    own = measure->got.len;
    ann = fake_guest(*state, "ann");
    slow = fake_enter(*state, NULL, 0);
    fake_flush(*state);
    slow->room = 0;
    fake_talk(ann, "", 1);
    fake_text(slow, "nonsense");
    fake_pass(*state, 50000);
    fake_take(slow, own);
    fake_pass(*state, 50000);
    assert_false(slow->hung_up);
    assert_string_equal(fake_said(slow), "error 203");
}

static void waiting_for_a_page_is_no_fault_of_its_own(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    slow->room = 0;
    fake_talk(ann, "", 40);
    fake_take(slow, 0);
    fake_take(slow, FAKE_ALL);
    fake_pass(*state, 1000000);
    assert_false(slow->hung_up);
    slow->room = 0;
    fake_load(*state, LOAD_WELL);
    fake_pass(*state, 60000);
    assert_false(slow->hung_up);
    fake_take(slow, FAKE_ALL);
    fake_settle(*state);
    fake_assert_sends(slow, 1, 40);
}

/* ---- last frames ---- */

static void what_is_due_goes_before_the_close_frame(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann"), *bob = fake_enter(f, NULL, 0);

    fake_flush(f);
    fake_send(ann, "hi");
    fake_store(f, 1);
    fake_text(bob, "nonsense");
    conn_close_later(bob->conn, CLOSE_POLICY);
    conn_close_later(bob->conn, CLOSE_GOING_AWAY);
    fake_flush(f);
    fake_talk(ann, "", 1);
    fake_pass(f, 1000);
    assert_string_equal(fake_said(bob), "error 203; 1 ann: hi; close 1008");
    assert_true(bob->hung_up);
    assert_false(bob->cut);
}

static void a_close_frame_goes_behind_a_frame_that_was_cut(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    slow->room = 5;
    fake_talk(ann, "", 3);
    conn_close_later(slow->conn, CLOSE_GOING_AWAY);
    fake_flush(*state);
    assert_int_equal(fake_count(slow, ""), 2);
    fake_assert_sends(slow, 1, 1);
    assert_int_equal(fake_count(slow, "close 1001"), 1);
}

static void who_turns_out_to_be_full_is_closed_all_the_same(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    fake_send(ann, "one");
    fake_send(ann, "two");
    fake_store(*state, 2);
    slow->room = 5;
    conn_close_later(slow->conn, CLOSE_GOING_AWAY);
    fake_flush(*state);
    assert_string_equal(fake_said(slow), "1 ann: one; close 1001");
    assert_true(slow->hung_up);
}

/* Else its own close would never be heard, and it would be cut. */
static void who_was_not_read_is_read_again_once_it_is_told_to_close(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *full = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    full->room = 0;
    while (!full->deaf)
        fake_text(full, "nonsense");
    for (size_t i = 0; !ann->deaf && i < 10000; i++)
        fake_send(ann, "waits");
    fake_flush(*state);
    assert_true(full->deaf && ann->deaf);
    conn_close_later(full->conn, CLOSE_POLICY);
    conn_close_later(ann->conn, CLOSE_POLICY);
    fake_flush(*state);
    assert_true(full->hung_up && ann->hung_up);
    assert_false(full->deaf || ann->deaf);
    fake_settle(*state);
    fake_pass(*state, 1000);
    assert_int_equal(ann->listens, 1);
    assert_int_equal(full->listens, 1);
}

static void who_was_told_to_close_and_does_not_is_cut(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *bob = fake_guest(*state, "bob");

    conn_close_later(bob->conn, CLOSE_POLICY);
    fake_flush(*state);
    fake_pass(*state, 4000);
    assert_false(bob->cut);
    fake_pass(*state, 1);
    assert_true(bob->cut);
    assert_false(ann->cut);
    fake_close(bob);
    fake_flush(*state);
    assert_int_equal(fake_count(ann, "leave bob"), 1);
}

static void a_restart_says_when_to_come_back(void **state)
{
    enum { SOCKETS = 50 };
    struct fake_world *f = *state;
    struct fake_socket *s[SOCKETS];
    uint64_t delay, least = UINT64_MAX, most = 0;

    for (size_t i = 0; i < SOCKETS; i++)
        s[i] = fake_enter(f, NULL, 0);
    hub_close_all(f->hub, CLOSE_RESTART);
    fake_flush(f);
    for (size_t i = 0; i < SOCKETS; i++) {
        const char *said = fake_said(s[i]);

        assert_true(str_begins(str_of(said), "close 1012 "));
        assert_true(str_to_u64(str_of(said + strlen("close 1012 ")), &delay));
        assert_true(delay < 3000);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    assert_true(most - least > 1000);
}

static void who_has_said_close_is_told_nothing_more(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *bob = fake_guest(*state, "bob"),
                       *slow = fake_guest(*state, "slow");

    fake_flush(*state);
    slow->room = 0;
    fake_text(bob, "nonsense");
    fake_send(bob, "under way");
    conn_hushed(bob->conn);
    bob->hung_up = true; /* from here on the world refuses to send to it */
    fake_text(bob, "nonsense");
    fake_talk(ann, "", 2);
    conn_hushed(slow->conn);
    slow->hung_up = true;
    fake_take(slow, FAKE_ALL);
    conn_close_later(bob->conn, CLOSE_POLICY);
    fake_pass(*state, 1000);
    assert_string_equal(fake_said(bob), "join bob; join slow");
    fake_assert_sends(ann, 1, 3);
}

static void who_has_said_close_while_a_page_is_loading_is_told_nothing_more(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);

    slow->room = 0;
    fake_talk(ann, "", 40);
    fake_take(slow, FAKE_ALL);
    conn_hushed(slow->conn);
    slow->hung_up = true;
    fake_settle(*state);
    assert_string_equal(fake_said(slow), "");
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, begin, end)
#define SMALL(f) cmocka_unit_test_setup_teardown(f, begin_small, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_takes_nothing_for_stall_max_is_closed),
        TEST(progress_of_a_few_bytes_is_enough),
        TEST(taking_all_of_one_thing_and_none_of_the_next_is_progress),
        SMALL(waiting_for_a_page_is_no_fault_of_its_own),
        TEST(what_is_due_goes_before_the_close_frame),
        TEST(a_close_frame_goes_behind_a_frame_that_was_cut),
        TEST(who_turns_out_to_be_full_is_closed_all_the_same),
        TEST(who_was_not_read_is_read_again_once_it_is_told_to_close),
        TEST(who_was_told_to_close_and_does_not_is_cut),
        TEST(a_restart_says_when_to_come_back),
        TEST(who_has_said_close_is_told_nothing_more),
        SMALL(who_has_said_close_while_a_page_is_loading_is_told_nothing_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
