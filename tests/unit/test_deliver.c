/* SPDX-License-Identifier: MIT
 * Bringing frames to sockets (relay/deliver.h): walks in slices, and sockets that take little or nothing. By a
 * hub in a made-up world.
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

/* ---- walks ---- */

static void a_walk_in_slices_reaches_everyone_once(void **state)
{
    enum { MEMBERS = 7 };
    struct fake_world *f = *state;
    struct fake_socket *s[MEMBERS];

    for (size_t i = 0; i < MEMBERS; i++)
        s[i] = fake_enter(f, NULL, 0);
    fake_join(s[0], "ann");
    fake_flush(f);
    for (unsigned most = 1; most <= MEMBERS; most++) {
        fake_send(s[0], "hi");
        fake_store(f, 1);
        for (unsigned done = most; done < MEMBERS; done += most)
            assert_true(hub_flush(f->hub, most));
        assert_false(hub_flush(f->hub, most));
    }
    for (size_t i = 0; i < MEMBERS; i++) {
        fake_assert_sends(s[i], 1, MEMBERS);
        assert_int_equal(s[i]->sends, 1 + MEMBERS);
    }
}

static void all_that_is_due_to_a_member_goes_in_one_send(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *bob = fake_guest(*state, "bob");

    for (size_t i = 0; i < 5; i++)
        fake_send(ann, "hi");
    fake_store(*state, 5);
    fake_flush(*state);
    assert_int_equal(bob->sends, 1);
    fake_assert_sends(bob, 1, 5);
}

/* Each slice size, each member leaving and one more coming after each slice. */
static void members_come_and_go_in_the_middle_of_a_walk(void **state)
{
    enum { MEMBERS = 6 };
    struct fake_world *f = *state;

    for (unsigned most = 1; most <= MEMBERS; most++)
        for (unsigned at = 0; at < MEMBERS; at++)
            for (unsigned who = 0; who < MEMBERS; who++) {
                struct fake_socket *s[MEMBERS + 1];
                const char *said;

                for (size_t i = 0; i < MEMBERS; i++)
                    s[i] = fake_enter(f, NULL, 0);
                fake_join(s[who], "ann");
                fake_send(s[who], "one");
                fake_store(f, 1);
                for (unsigned i = 0; i < at; i++)
                    hub_flush(f->hub, most);
                fake_close(s[who]);
                s[MEMBERS] = fake_enter(f, NULL, 0);
                fake_join(s[MEMBERS], "eve");
                hub_flush(f->hub, most);
                fake_settle(f);
                for (size_t i = 0; i < MEMBERS; i++) {
                    said = fake_said(s[i]);
                    if (i != who && !strstr(said, " ann: one; leave ann; join eve"))
                        fail_msg("most=%u at=%u who=%u: %zu got %s", most, at, who, i, said);
                    assert_int_equal(fake_count(s[i], "join"), i == who ? s[i]->sends != 0 : 2);
                }
                assert_string_equal(fake_said(s[MEMBERS]), "join eve");
                for (size_t i = 0; i <= MEMBERS; i++)
                    fake_close(s[i]);
                fake_flush(f);
            }
}

/* The last member takes the place of who left, which the walk has passed already. */
static void who_takes_the_place_of_another_is_not_missed(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *first = fake_enter(f, NULL, 0), *ann = fake_enter(f, NULL, 0),
                       *last = fake_enter(f, NULL, 0);

    fake_join(ann, "ann");
    assert_true(hub_flush(f->hub, 1));
    assert_string_equal(fake_said(first), "join ann");
    fake_close(first);
    fake_flush(f);
    assert_string_equal(fake_said(last), "join ann");
}

static void a_newcomer_gets_nothing_from_before(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *bob;

    fake_talk(ann, "", 1);
    fake_send(ann, "not walked yet");
    fake_store(*state, 1);
    bob = fake_enter(*state, NULL, 0);
    fake_flush(*state);
    assert_string_equal(fake_said(bob), "");
    fake_talk(ann, "", 1);
    fake_assert_sends(bob, 3, 3);
}

static void flushing_says_whether_there_is_more_to_do(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_enter(f, NULL, 0);

    fake_enter(f, NULL, 0);
    assert_false(hub_flush(f->hub, 1));
    fake_join(ann, "ann");
    assert_true(hub_flush(f->hub, 1));
    assert_false(hub_flush(f->hub, 1));
    assert_false(hub_flush(f->hub, 1));
}

/* ---- sockets that take little ---- */

static void a_socket_that_takes_a_byte_at_a_time_gets_whole_frames(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);

    slow->room = 1;
    fake_talk(ann, "", 4);
    assert_true(slow->wanted);
    fake_assert_sends(slow, 1, 1);
    for (size_t i = 0; i < 4; i++) {
        fake_talk(ann, "", 1);
        fake_take(slow, 1);
    }
    while (slow->wanted)
        fake_take(slow, 1);
    fake_assert_sends(slow, 1, 8);
    fake_assert_sends(ann, 1, 8);
}

static void a_frame_that_was_cut_is_finished_and_no_more(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *slow = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    slow->room = FAKE_TALK;
    for (size_t i = 0; i < 3; i++)
        fake_send(ann, "hi");
    fake_store(*state, 3);
    fake_flush(*state);
    fake_assert_sends(slow, 1, 3); /* the third one was cut, and finished */
    fake_take(slow, 0);
    fake_talk(ann, "", 2);
    fake_assert_sends(slow, 1, 3);
    fake_take(slow, FAKE_ALL);
    fake_assert_sends(slow, 1, 5);
    assert_false(slow->wanted);
}

static void a_socket_that_takes_nothing_holds_nobody_up(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *full = fake_enter(*state, NULL, 0),
                       *bob = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    full->room = 0;
    fake_talk(ann, "", 3);
    assert_string_equal(fake_said(full), "");
    assert_int_equal(full->sends, 1); /* it is not asked again before it is ready */
    fake_assert_sends(bob, 1, 3);
    fake_take(full, FAKE_ALL);
    fake_assert_sends(full, 1, 3);
    assert_int_equal(full->sends, 2);
}

static void being_ready_out_of_turn_does_nothing(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann");

    fake_talk(ann, "", 2);
    deliver_ready(ann->conn);
    deliver_ready(ann->conn);
    fake_flush(*state);
    fake_assert_sends(ann, 1, 2);
    assert_int_equal(ann->sends, 2);
}

static void what_is_for_one_alone_waits_for_its_socket_too(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann");

    fake_flush(*state);
    ann->room = 3;
    fake_text(ann, "nonsense");
    fake_text(ann, "nonsense");
    fake_flush(*state);
    assert_string_equal(fake_said(ann), "join ann; error 203");
    fake_text(ann, "{\"event_type\":\"dance\"}");
    fake_flush(*state);
    assert_string_equal(fake_news(ann), "");
    fake_take(ann, FAKE_ALL);
    assert_string_equal(fake_news(ann), "error 203; error 203 event_type");
}

static void a_socket_that_is_gone_is_hung_up(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *gone = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    gone->broken = true;
    fake_talk(ann, "", 3);
    assert_true(gone->hung_up);
    assert_string_equal(fake_said(gone), "");
    fake_assert_sends(ann, 1, 3);
}

static void a_socket_that_goes_while_a_frame_is_finished_is_hung_up(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *gone = fake_enter(*state, NULL, 0);

    fake_flush(*state);
    gone->room = 10;
    gone->breaks = true;
    fake_talk(ann, "", 1);
    assert_true(gone->hung_up);
    fake_talk(ann, "", 2);
    assert_int_equal(gone->got.len, 10);
}

/* Where its leave is what fills the window, everyone is walked while it goes. */
static void a_socket_that_is_closed_is_not_told_of_its_own_leave(void **state)
{
    enum { TIMES = 60, SENDS = 7, STEP = 11 };
    struct fake_socket *ann = fake_guest(*state, "ann"), *bob = fake_guest(*state, "bob");
    char text[TIMES * STEP + 1] = { 0 };

    for (size_t i = 0; i < TIMES; i++) {
        struct fake_socket *eve = fake_guest(*state, "eve");

        memset(text, '.', i * STEP + 1);
        fake_flush(*state);
        for (size_t k = 0; k < SENDS; k++)
            fake_send(ann, text);
        fake_store(*state, SENDS);
        fake_close(eve); /* the world fails the test if it is touched after this */
        fake_flush(*state);
    }
    assert_int_equal(fake_count(bob, "leave eve"), TIMES);
    fake_assert_sends(bob, 1, TIMES * SENDS);
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, begin, end)
#define SMALL(f) cmocka_unit_test_setup_teardown(f, begin_small, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_walk_in_slices_reaches_everyone_once),
        TEST(all_that_is_due_to_a_member_goes_in_one_send),
        TEST(members_come_and_go_in_the_middle_of_a_walk),
        SMALL(members_come_and_go_in_the_middle_of_a_walk),
        TEST(who_takes_the_place_of_another_is_not_missed),
        TEST(a_newcomer_gets_nothing_from_before),
        TEST(flushing_says_whether_there_is_more_to_do),
        TEST(a_socket_that_takes_a_byte_at_a_time_gets_whole_frames),
        SMALL(a_socket_that_takes_a_byte_at_a_time_gets_whole_frames),
        TEST(a_frame_that_was_cut_is_finished_and_no_more),
        TEST(a_socket_that_takes_nothing_holds_nobody_up),
        TEST(being_ready_out_of_turn_does_nothing),
        TEST(what_is_for_one_alone_waits_for_its_socket_too),
        TEST(a_socket_that_is_gone_is_hung_up),
        TEST(a_socket_that_goes_while_a_frame_is_finished_is_hung_up),
        SMALL(a_socket_that_is_closed_is_not_told_of_its_own_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
