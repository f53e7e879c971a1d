/* SPDX-License-Identifier: MIT
 * How fast one connection may speak, and one address join (contract section 6), in a made-up world.
 */
#include "relay/hub.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/world_fake.h"

enum { BURST = 5, INTERVAL_MS = 100 };

static int begin(void **state)
{
    struct hub_limits limits = fake_limits();

    limits.send_rate = (struct bucket_rate){ INTERVAL_MS * 1000, BURST };
    *state = fake_world_new(&limits);
    return 0;
}

static int end(void **state)
{
    fake_world_free(*state);
    return 0;
}

static void a_burst_passes_and_the_next_is_told_when(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann"); /* her join is the first */

    for (int i = 0; i < BURST; i++)
        fake_send(ann, "hi");
    fake_settle(f);
    assert_int_equal(fake_count(ann, "error 429 send_rate"), 1);
    assert_true(fake_has(ann, "\"retry_after_ms\":100,"));
    fake_assert_sends(ann, 1, BURST - 1);
}

static void in_time_it_goes_on(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann");

    for (int i = 0; i < BURST; i++)
        fake_send(ann, "hi");
    fake_pass(f, INTERVAL_MS);
    fake_send(ann, "hi");
    fake_send(ann, "too soon");
    fake_settle(f);
    assert_int_equal(fake_count(ann, "error 429"), 2);
    fake_assert_sends(ann, 1, BURST);
    assert_false(fake_has(ann, "too soon"));
}

static void nonsense_counts_too(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann");

    for (int i = 1; i < BURST; i++)
        fake_text(ann, "nonsense");
    fake_send(ann, "hi");
    fake_settle(f);
    assert_int_equal(fake_count(ann, "error 203"), BURST - 1);
    assert_int_equal(fake_count(ann, "error 429"), 1);
}

static void others_are_not_held_up(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann"), *bob = fake_guest(f, "bob");

    for (int i = 0; i < 2 * BURST; i++)
        fake_send(ann, "hi");
    fake_send(bob, "hello");
    fake_settle(f);
    assert_int_equal(fake_count(bob, "error"), 0);
    assert_true(fake_has(ann, "hello"));
}

static void ten_times_beyond_is_the_end(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann");

    for (int i = 1; i < 10 * BURST; i++)
        fake_send(ann, "hi");
    fake_settle(f);
    assert_int_equal(fake_count(ann, "close"), 0);
    fake_send(ann, "hi");
    fake_settle(f);
    assert_int_equal(fake_count(ann, "close 1008"), 1);
}

static void an_address_may_join_so_often(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_enter(f, NULL, 0);

    ann->conn->from = 42;
    f->join_wait_ms = 700;
    fake_join(ann, "ann");
    fake_settle(f);
    assert_int_equal(f->joined_from, 42);
    assert_int_equal(fake_count(ann, "error 429 join_rate"), 1);
    assert_true(fake_has(ann, "\"retry_after_ms\":700,"));
    f->join_wait_ms = 0;
    fake_join(ann, "ann");
    fake_settle(f);
    assert_int_equal(fake_count(ann, "join ann"), 1);
}

static void what_is_no_join_charges_nobody(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann"), *bob = fake_enter(f, NULL, 0);

    assert_int_equal(f->joins_charged, 1);
    fake_join(ann, "again");
    fake_text(bob, "{\"event_type\":\"join\",\"name\":\"\"}");
    assert_int_equal(f->joins_charged, 1);
}

/* The same address, known by its number only. */
static void sockets_of_an_address_are_counted(void **state)
{
    struct fake_world *f = *state;
    struct token token = { .name = "ann", .person = "a", .role = ROLE_MEMBER, .issued = 1, .expires = 2 };
    struct conn *c = conn_new(f->hub, &token);

    assert_int_equal(hub_from(f->hub, 42), 0);
    c->from = 42;
    fake_guest(f, "bob"); /* the room is live now */
    assert_true(conn_open(c, fake_room(f), f->sockets));
    assert_int_equal(hub_from(f->hub, 42), 1);
    assert_int_equal(hub_from(f->hub, 0), 0);
    hub_remove(f->hub, c);
    assert_int_equal(hub_from(f->hub, 42), 0);
    c->room = NULL;
    conn_drop(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_burst_passes_and_the_next_is_told_when),
        TEST(in_time_it_goes_on),
        TEST(nonsense_counts_too),
        TEST(others_are_not_held_up),
        TEST(ten_times_beyond_is_the_end),
        TEST(an_address_may_join_so_often),
        TEST(what_is_no_join_charges_nobody),
        TEST(sockets_of_an_address_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
