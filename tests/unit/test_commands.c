/* SPDX-License-Identifier: MIT
 * What clients may say (relay/commands.h) and what the room is told of it, by a hub in a made-up world whose
 * sockets take everything.
 */
#include "relay/commands.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/world_fake.h"

static int begin(void **state)
{
    struct hub_limits limits = fake_limits();

    *state = fake_world_new(&limits);
    return 0;
}

static int end(void **state)
{
    fake_world_free(*state);
    return 0;
}

/* ---- join, send, leave ---- */

static void a_join_is_told_to_everyone(void **state)
{
    struct fake_socket *ann = fake_enter(*state, NULL, 0), *bob = fake_enter(*state, NULL, 0);

    fake_text(ann, "{\"event_type\":\"join\",\"name\":\"ann\",\"color\":\"red\"}");
    fake_flush(*state);
    assert_string_equal(fake_said(ann), "join ann");
    assert_string_equal(fake_said(bob), "join ann");
    assert_int_equal(hub_counts(ann->world->hub).people, 1);
    assert_memory_equal(ann->got.data, bob->got.data, ann->got.len);
    assert_true(fake_has(bob, "\"color\":\"red\",\"msg\":\"ann entered the room.\""));
    assert_true(fake_has(bob, "\"verified\":false"));
}

static void a_send_comes_back_to_everyone_once_it_is_stored(void **state)
{
    struct fake_socket *bob = fake_guest(*state, "bob"), *ann = fake_guest(*state, "ann");

    fake_send(ann, "hi");
    fake_flush(*state);
    assert_string_equal(fake_said(ann), "join ann");
    assert_string_equal(fake_said(bob), "join bob; join ann");
    fake_store(*state, 1);
    fake_flush(*state);
    assert_string_equal(fake_news(ann), "1 ann: hi");
    assert_string_equal(fake_news(bob), "1 ann: hi");
}

static void a_leave_is_told_to_everyone_the_one_who_left_too(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *bob = fake_guest(*state, "bob");

    fake_leave(ann);
    fake_flush(*state);
    assert_string_equal(fake_said(ann), "join ann; join bob; leave ann");
    assert_string_equal(fake_said(bob), "join bob; leave ann");
    assert_true(fake_has(bob, "\"msg\":\"ann has left the room.\""));
    fake_send(ann, "still here?");
    fake_flush(*state);
    assert_string_equal(fake_news(ann), "error 201");
}

static void who_has_left_may_join_again_under_another_name(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann");

    fake_leave(ann);
    fake_join(ann, "eve");
    fake_settle(*state);
    assert_string_equal(fake_said(ann), "join ann; leave ann; join eve");
    assert_int_equal(hub_counts(ann->world->hub).people, 1);
}

static void who_leaves_may_only_leave_as_oneself(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *bob = fake_guest(*state, "bob");

    fake_text(ann, "{\"event_type\":\"leave\",\"name\":\"bob\"}");
    fake_flush(*state);
    assert_string_equal(fake_said(bob), "join bob; leave ann");
}

static void sends_of_one_author_keep_their_order(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann");

    fake_send(ann, "a");
    fake_send(ann, "b");
    fake_send(ann, "c");
    fake_settle(*state);
    assert_string_equal(fake_said(ann), "join ann; 1 ann: a; 2 ann: b; 3 ann: c");
}

static void news_wait_behind_the_entries_before_them(void **state)
{
    struct fake_socket *bob = fake_guest(*state, "bob"), *ann = fake_guest(*state, "ann");

    fake_flush(*state);
    fake_said(bob);
    fake_send(ann, "last words");
    fake_leave(ann);
    fake_guest(*state, "eve");
    fake_flush(*state);
    assert_string_equal(fake_news(bob), "");
    fake_settle(*state);
    assert_string_equal(fake_news(bob), "1 ann: last words; leave ann; join eve");
}

static void a_message_has_the_colour_of_its_author_unless_it_says_another(void **state)
{
    struct fake_socket *ann = fake_enter(*state, NULL, 0);

    fake_text(ann, "{\"event_type\":\"join\",\"name\":\"ann\",\"color\":\"teal\"}");
    fake_send(ann, "one");
    fake_text(ann, "{\"event_type\":\"send\",\"msg\":\"two\",\"color\":\"#abc\"}");
    fake_text(ann, "{\"event_type\":\"send\",\"msg\":\"three\",\"color\":\"url(x)\"}");
    fake_settle(*state);
    assert_true(fake_has(ann, "\"color\":\"teal\",\"msg\":\"one\""));
    assert_true(fake_has(ann, "\"color\":\"#abc\",\"msg\":\"two\""));
    assert_true(fake_has(ann, "\"color\":\"\",\"msg\":\"three\""));
}

static void a_send_makes_its_author_active_and_nothing_else_does(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann"), *bob = fake_guest(f, "bob");
    int64_t joined = f->wall_ms;

    f->wall_ms += 5000;
    fake_text(ann, "nonsense");
    fake_send(ann, "");
    assert_int_equal(ann->conn->person->active_ms, joined);
    fake_send(ann, "hi");
    assert_int_equal(ann->conn->person->active_ms, joined + 5000);
    assert_int_equal(bob->conn->person->active_ms, joined);
}

/* ---- what is refused ---- */

static void who_has_not_joined_can_neither_send_nor_leave(void **state)
{
    struct fake_socket *ann = fake_enter(*state, NULL, 0), *bob = fake_enter(*state, NULL, 0);

    fake_send(ann, "hi");
    fake_leave(ann);
    fake_settle(*state);
    assert_string_equal(fake_said(ann), "error 201; error 201");
    assert_string_equal(fake_said(bob), "");
}

static void a_second_join_is_refused(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann");

    fake_join(ann, "eve");
    fake_flush(*state);
    assert_string_equal(fake_said(ann), "error 204; join ann");
}

static void what_is_no_event_is_refused(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann");

    fake_flush(*state);
    fake_said(ann);
    fake_text(ann, "hello");
    fake_text(ann, "{\"event_type\":\"dance\"}");
    fake_text(ann, "{\"event_type\":\"Send\",\"msg\":\"x\"}");
    fake_text(ann, "{\"event_type\":\"send\",\"msg\":1}");
    fake_settle(*state);
    assert_string_equal(fake_news(ann),
                        "error 203; error 203 event_type; error 203 event_type; error 105 msg");
}

static void a_message_is_neither_empty_nor_over_message_max(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann");
    char text[4098];

    fake_flush(*state);
    fake_said(ann);
    memset(text, 'x', sizeof text);
    text[4097] = '\0';
    fake_send(ann, "");
    fake_text(ann, "{\"event_type\":\"send\"}");
    fake_send(ann, text);
    fake_settle(*state);
    assert_string_equal(fake_news(ann), "error 105 msg; error 105 msg; error 105 msg");
    text[4096] = '\0';
    fake_send(ann, text);
    fake_settle(*state);
    assert_int_equal(fake_count(ann, "1 ann: xxxx"), 1);
}

static void a_failure_is_told_to_its_author_alone(void **state)
{
    const enum append_outcome outcomes[] = { APPEND_DOWN, APPEND_FULL, APPEND_OTHER, APPEND_DUP };
    struct fake_socket *ann = fake_guest(*state, "ann"), *bob = fake_guest(*state, "bob");

    fake_flush(*state);
    fake_said(ann);
    for (size_t i = 0; i < 4; i++) {
        fake_send(ann, "lost");
        fake_store_fails(*state, outcomes[i]);
        fake_flush(*state);
        assert_string_equal(fake_news(ann), "error 503");
    }
    fake_send(ann, "kept");
    fake_settle(*state);
    assert_string_equal(fake_news(ann), "1 ann: kept");
    assert_string_equal(fake_said(bob), "join bob; 1 ann: kept");
}

/* ---- names and persons ---- */

static void a_name_is_taken_whatever_its_case(void **state)
{
    struct fake_socket *eve = fake_enter(*state, NULL, 0), *ann = fake_guest(*state, "Änn");

    fake_join(eve, "äNN");
    fake_flush(*state);
    assert_string_equal(fake_said(eve), "error 202 äNN; join Änn");
    fake_leave(ann);
    fake_join(eve, "äNN");
    fake_flush(*state);
    assert_string_equal(fake_news(eve), "leave Änn; join äNN");
}

static void a_name_is_free_once_its_last_socket_is_closed(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *eve = fake_enter(*state, NULL, 0);

    fake_close(ann);
    fake_join(eve, "Ann");
    fake_flush(*state);
    assert_string_equal(fake_said(eve), "leave ann; join Ann");
}

static void the_name_of_a_token_wins(void **state)
{
    struct fake_socket *ann = fake_enter(*state, "ann", 'A');

    fake_join(ann, "eve");
    fake_flush(*state);
    assert_string_equal(fake_said(ann), "join ann");
    assert_true(fake_has(ann, "\"verified\":true"));
}

static void a_name_that_nobody_may_have_is_refused(void **state)
{
    struct fake_socket *s = fake_enter(*state, NULL, 0);
    char name[66] = { 0 };

    memset(name, 'n', 65);
    fake_join(s, "");
    fake_join(s, " ann");
    fake_join(s, "a\nb");
    fake_join(s, "a\xe2\x80\xae"
                 "b");
    fake_join(s, name);
    fake_text(s, "{\"event_type\":\"join\"}");
    fake_flush(*state);
    assert_int_equal(fake_count(s, "error 105 name"), 6);
    assert_int_equal(fake_count(s, ""), 6);
    fake_join(s, name + 1);
    fake_flush(*state);
    assert_int_equal(fake_count(s, "join nnnn"), 1);
}

static void another_token_of_the_same_name_is_another_person(void **state)
{
    struct fake_socket *ann = fake_enter(*state, "ann", 'A'), *other = fake_enter(*state, "Ann", 'B');

    fake_join(ann, "");
    fake_join(other, "");
    fake_flush(*state);
    assert_string_equal(fake_said(other), "error 202 Ann; join ann");
}

static void a_second_connection_of_a_person_alone_is_told_of_its_join(void **state)
{
    struct fake_socket *bob = fake_guest(*state, "bob"), *one = fake_enter(*state, "ann", 'A'),
                       *two = fake_enter(*state, "ann", 'A');

    fake_join(one, "");
    fake_flush(*state);
    fake_join(two, "");
    fake_flush(*state);
    assert_string_equal(fake_said(two), "join ann; join ann");
    assert_string_equal(fake_said(one), "join ann");
    assert_string_equal(fake_said(bob), "join bob; join ann");
    assert_int_equal(hub_counts(bob->world->hub).people, 2);
    fake_send(two, "me too");
    fake_settle(*state);
    assert_string_equal(fake_news(bob), "1 ann: me too");
}

static void the_room_is_told_of_a_leave_by_the_last_of_two_connections(void **state)
{
    struct fake_socket *bob = fake_guest(*state, "bob"), *one = fake_enter(*state, "ann", 'A'),
                       *two = fake_enter(*state, "ann", 'A');

    fake_join(one, "");
    fake_join(two, "");
    fake_leave(one);
    fake_close(one);
    fake_flush(*state);
    assert_string_equal(fake_said(bob), "join bob; join ann");
    fake_close(two);
    fake_flush(*state);
    assert_string_equal(fake_news(bob), "leave ann");
}

/* ---- one leave for one join ---- */

enum step { LEAVE, CLOSE, SETTLE, FAIL, STEPS };

static void do_step(struct fake_world *f, struct fake_socket *s, enum step step)
{
    if (step == LEAVE && s->conn)
        fake_leave(s);
    else if (step == CLOSE)
        fake_close(s);
    else if (step == SETTLE)
        fake_store(f, 1);
    else if (step == FAIL && f->waiting && !f->appends->news.p)
        fake_store_fails(f, APPEND_DOWN);
}

static void there_is_one_leave_for_each_join_in_whatever_order_things_end(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *bob = fake_guest(f, "bob");

    for (unsigned order = 0; order < STEPS * STEPS * STEPS * STEPS; order++) {
        struct fake_socket *ann = fake_guest(f, "ann");

        fake_send(ann, "one");
        fake_send(ann, "two");
        for (unsigned i = 0, left = order; i < 4; i++, left /= STEPS)
            do_step(f, ann, left % STEPS);
        fake_close(ann);
        fake_settle(f);
        assert_int_equal(fake_count(bob, "join ann"), 1);
        assert_int_equal(fake_count(bob, "leave ann"), 1);
        assert_int_equal(fake_count(bob, "error"), 0);
        buf_clear(&bob->got);
    }
}

static void a_connection_that_is_closed_is_kept_for_its_entries(void **state)
{
    struct fake_socket *bob = fake_guest(*state, "bob"), *ann = fake_guest(*state, "ann");

    fake_flush(*state);
    fake_said(bob);
    fake_send(ann, "one");
    fake_send(ann, "two");
    fake_send(ann, "three");
    fake_close(ann);
    fake_store(*state, 1);
    fake_store_fails(*state, APPEND_DOWN);
    fake_settle(*state);
    assert_string_equal(fake_news(bob), "1 ann: one; 2 ann: three; leave ann");
}

static void a_deaf_hub_looks_at_nothing_that_clients_say(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann");

    fake_send(ann, "before");
    hub_deafen(ann->world->hub);
    fake_send(ann, "after");
    fake_text(ann, "nonsense");
    fake_settle(*state);
    assert_true(hub_is_deaf(ann->world->hub));
    assert_string_equal(fake_said(ann), "join ann; 1 ann: before");
}

static void who_is_to_be_closed_is_told_of_no_more_failures(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann");

    fake_send(ann, "lost");
    conn_close_later(ann->conn, CLOSE_POLICY);
    fake_store_fails(*state, APPEND_DOWN);
    fake_settle(*state);
    assert_string_equal(fake_said(ann), "join ann; close 1008");
}

static void who_is_to_be_closed_is_not_heard(void **state)
{
    struct fake_socket *ann = fake_guest(*state, "ann"), *bob = fake_guest(*state, "bob");

    conn_close_later(ann->conn, CLOSE_POLICY);
    fake_send(ann, "but");
    fake_leave(ann);
    fake_settle(*state);
    assert_string_equal(fake_said(bob), "join bob");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_join_is_told_to_everyone),
        TEST(a_send_comes_back_to_everyone_once_it_is_stored),
        TEST(a_leave_is_told_to_everyone_the_one_who_left_too),
        TEST(who_has_left_may_join_again_under_another_name),
        TEST(who_leaves_may_only_leave_as_oneself),
        TEST(sends_of_one_author_keep_their_order),
        TEST(news_wait_behind_the_entries_before_them),
        TEST(a_message_has_the_colour_of_its_author_unless_it_says_another),
        TEST(a_send_makes_its_author_active_and_nothing_else_does),
        TEST(who_has_not_joined_can_neither_send_nor_leave),
        TEST(a_second_join_is_refused),
        TEST(what_is_no_event_is_refused),
        TEST(a_message_is_neither_empty_nor_over_message_max),
        TEST(a_failure_is_told_to_its_author_alone),
        TEST(a_name_is_taken_whatever_its_case),
        TEST(a_name_is_free_once_its_last_socket_is_closed),
        TEST(the_name_of_a_token_wins),
        TEST(a_name_that_nobody_may_have_is_refused),
        TEST(another_token_of_the_same_name_is_another_person),
        TEST(a_second_connection_of_a_person_alone_is_told_of_its_join),
        TEST(the_room_is_told_of_a_leave_by_the_last_of_two_connections),
        TEST(there_is_one_leave_for_each_join_in_whatever_order_things_end),
        TEST(a_connection_that_is_closed_is_kept_for_its_entries),
        TEST(a_deaf_hub_looks_at_nothing_that_clients_say),
        TEST(who_is_to_be_closed_is_told_of_no_more_failures),
        TEST(who_is_to_be_closed_is_not_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
