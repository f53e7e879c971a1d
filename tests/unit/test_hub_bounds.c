/* SPDX-License-Identifier: MIT
 * What is bounded in a hub (relay/hub.h): entries under way, what is one socket's own, windows. In a made-up world.
 */
#include "relay/hub.h"

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

/* Small windows, few entries under way. */
static int begin_small(void **state)
{
    struct hub_limits limits = fake_limits();

    limits.window_size = 32768;
    limits.window_total = 65536;
    limits.pending_max = 4000;
    limits.pending_per_socket = 3;
    *state = fake_world_new(&limits);
    return 0;
}

static int end(void **state)
{
    fake_world_free(*state);
    return 0;
}

/* Somebody with a token, who has joined. */
static struct fake_socket *member(struct fake_world *f, const char *name)
{
    struct fake_socket *s = fake_enter(f, name, name[0]);

    fake_join(s, "");
    fake_flush(f);
    return s;
}

/* ---- entries under way ---- */

static void entries_carry_what_is_known_of_them(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann");
    const struct entry *e;

    fake_send(ann, "hi");
    e = &f->appends->append.entry;
    assert_int_equal(e->room_id, FAKE_ROOM);
    assert_int_equal(e->epoch, f->row.epoch);
    assert_int_equal(e->kind, ENTRY_SEND);
    assert_int_equal(e->time_ms, f->wall_ms);
    assert_int_equal(e->person[0], 'a');
    assert_true(e->verified);
    assert_true(str_is(e->name, "ann") && str_is(e->msg, "hi"));
    assert_int_equal(f->appends->queued_ms, f->mono_ms);
}

static struct str next_cid(struct fake_socket *s)
{
    fake_send(s, "x");
    return s->world->appends->append.entry.cid;
}

static void no_two_entries_have_the_same_cid(void **state)
{
    struct fake_world *f = *state, *other;
    struct hub_limits limits = fake_limits();
    struct str cid = next_cid(fake_guest(f, "ann")), next;
    char before[ENTRY_CID_MAX + 1];

    assert_true(str_begins(cid, ".") && cid.n >= ENTRY_CID_MIN && cid.n <= ENTRY_CID_MAX);
    str_copy(before, sizeof before, cid);
    assert_int_equal(strspn(before + 1, "0123456789abcdefghijklmnopqrstuv"), cid.n - 1);
    fake_store(f, 1);
    next = next_cid(f->sockets);
    assert_true(strncmp(before, next.p, next.n) < 0); /* in order of time and making */
    fake_store(f, 1);
    f->wall_ms++;
    next = next_cid(f->sockets);
    assert_true(memcmp(before, next.p, 10) < 0);
    other = fake_world_new(&limits); /* another process, at the same time */
    hub_free(other->hub);
    other->chance = 2;
    other->hub = hub_new(&other->world, &limits);
    next = next_cid(fake_guest(other, "ann"));
    assert_false(str_is(next, before));
    fake_world_free(other);
}

static void sends_beyond_pending_max_are_refused(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob = member(f, "bob");
    char text[2001];

    memset(text, 'x', 2000);
    text[2000] = '\0';
    fake_send(ann, text);
    fake_send(bob, text);
    assert_int_equal(f->waiting, 1);
    assert_true(hub_counts(f->hub).pending > 2000 && hub_counts(f->hub).pending <= 4000);
    fake_flush(f);
    assert_int_equal(fake_count(bob, "error 503 pending_max"), 1);
    assert_int_equal(fake_count(ann, "error"), 0);
    fake_settle(f);
    assert_int_equal(hub_counts(f->hub).pending, 0);
    fake_send(bob, text);
    fake_settle(f);
    assert_int_equal(fake_count(ann, "2 bob: xxx"), 1);
}

static void news_are_never_refused(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob;
    char text[3000];

    memset(text, 'x', sizeof text);
    text[2999] = '\0';
    fake_send(ann, text);
    bob = member(f, "bob");
    fake_leave(bob);
    fake_join(bob, "");
    fake_leave(bob);
    fake_settle(f);
    assert_int_equal(fake_count(ann, "join bob"), 2);
    assert_int_equal(fake_count(ann, "leave bob"), 2);
}

static void a_socket_with_pending_per_socket_entries_is_not_read(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob = member(f, "bob");

    fake_send(ann, "1");
    fake_send(ann, "2");
    assert_false(ann->deaf);
    fake_send(ann, "3");
    assert_true(ann->deaf);
    assert_false(bob->deaf);
    fake_send(ann, "4"); /* had been read already */
    fake_store(f, 1);
    assert_true(ann->deaf);
    fake_store_fails(f, APPEND_DOWN);
    assert_int_equal(ann->listens, 0);
    fake_flush(f); /* the error has gone out */
    assert_false(ann->deaf);
    assert_int_equal(ann->listens, 1);
    fake_settle(f);
    assert_int_equal(ann->listens, 1);
}

/* Joins and leaves that wait behind an entry are bounded too, by the socket of who comes and goes. */
static void news_that_wait_count_for_pending_per_socket(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob = member(f, "bob");

    fake_send(ann, "1");
    fake_leave(bob);
    fake_join(bob, "");
    assert_false(bob->deaf);
    fake_leave(bob);
    assert_true(bob->deaf);
    assert_false(ann->deaf);
    fake_store(f, 2);
    assert_false(bob->deaf);
    assert_int_equal(bob->listens, 1);
    fake_settle(f);
    assert_string_equal(fake_said(ann), "join ann; join bob; 1 ann: 1; leave bob; join bob; leave bob");
}

static void news_of_who_comes_and_goes_take_no_room_from_entries(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob = member(f, "bob");
    size_t before;

    fake_send(ann, "1");
    before = hub_counts(f->hub).pending;
    for (size_t i = 0; i < 1000; i++) {
        fake_leave(bob); /* a world that does not stop reading */
        fake_join(bob, "");
    }
    assert_int_equal(hub_counts(f->hub).pending, before);
    fake_send(ann, "2");
    fake_settle(f);
    assert_int_equal(fake_count(ann, "2 ann: 2"), 1);
    assert_int_equal(fake_count(ann, "leave bob"), 1000);
}

/* It is kept for its news as for its entries, and freed once. */
static void who_goes_while_news_wait_is_not_kept_for_ever(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob = member(f, "bob"), *eve = member(f, "eve");

    fake_send(ann, "1");
    fake_leave(bob);
    fake_join(bob, "");
    fake_close(bob);
    fake_leave(eve);
    fake_close(ann);
    fake_store(f, 2);
    fake_close(eve);
    fake_settle(f);
    assert_int_equal(hub_counts(f->hub).rooms, 0);
    assert_int_equal(hub_counts(f->hub).people, 0);
}

static void a_socket_that_does_not_take_what_is_its_own_is_not_read(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_enter(f, NULL, 0);
    size_t said = 0;

    ann->room = 0;
    while (!ann->deaf && said < 10000) {
        fake_text(ann, "nonsense");
        said++;
    }
    assert_in_range(said, 100, 9999);
    fake_flush(f);
    fake_take(ann, 1000);
    assert_true(ann->deaf);
    fake_take(ann, FAKE_ALL);
    assert_false(ann->deaf);
    assert_int_equal(fake_count(ann, "error 203"), said);
}

static void what_frames_are_made_in_does_not_grow(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann");

    for (size_t i = 0; i < 1000; i++) {
        fake_text(ann, "nonsense");
        fake_leave(ann);
        fake_join(ann, "");
        fake_talk(ann, "x", 1);
    }
    assert_true(hub_lists(f->hub)->scratch.size <= 4096);
}

/* ---- windows ---- */

static void windows_keep_to_window_total(void **state)
{
    enum { ROOMS = 6, LEAST = 4096 };
    struct fake_world *f = *state;
    struct fake_socket *s[ROOMS], *slow[ROOMS];
    const struct window_budget *budget = &hub_lists(f->hub)->budget;

    for (size_t i = 0; i < ROOMS; i++) {
        f->row.id = (int64_t)(100 + i);
        s[i] = fake_guest(f, "ann");
        slow[i] = fake_enter(f, NULL, 0);
        slow[i]->room = 0;
    }
    for (size_t i = 0; i < ROOMS; i++) {
        fake_talk(s[i], "x", 80);
        assert_true(s[i]->conn->room->window.size <= 32768);
        assert_true(budget->total <= 65536 + ROOMS * LEAST);
    }
    assert_true(budget->total >= 65536);
    for (size_t i = 0; i < ROOMS; i++)
        fake_take(slow[i], FAKE_ALL);
    fake_settle(f);
    for (size_t i = 0; i < ROOMS; i++) {
        assert_int_equal(fake_count(slow[i], "80 ann: x"), 1);
        assert_int_equal(fake_count(slow[i], ""), 80);
    }
}

static void the_window_of_a_quiet_room_is_given_back(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann"), *bob = fake_guest(f, "bob");

    fake_talk(ann, "x", 20);
    fake_pass(f, 60000);
    assert_int_not_equal(fake_room(f)->window.size, 0);
    fake_pass(f, 1);
    assert_int_equal(fake_room(f)->window.size, 0);
    assert_int_equal(hub_lists(f->hub)->budget.total, 0);
    fake_talk(ann, "x", 2);
    assert_int_equal(fake_count(bob, "22 ann: x"), 1);
    assert_int_equal(fake_count(bob, ""), 1 + 22);
}

static void a_window_that_somebody_still_needs_is_kept(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann"), *slow = fake_enter(f, NULL, 0);

    fake_flush(f);
    slow->room = 0;
    fake_talk(ann, "x", 5);
    for (size_t i = 0; i < 2; i++) {
        fake_pass(f, 40000);
        fake_take(slow, 1);
    }
    assert_int_not_equal(fake_room(f)->window.size, 0);
    fake_take(slow, FAKE_ALL);
    assert_int_equal(fake_count(slow, ""), 5);
    assert_int_equal(f->loads_ever, 0);
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, begin, end)
#define SMALL(f) cmocka_unit_test_setup_teardown(f, begin_small, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entries_carry_what_is_known_of_them),
        TEST(no_two_entries_have_the_same_cid),
        SMALL(sends_beyond_pending_max_are_refused),
        SMALL(news_are_never_refused),
        SMALL(a_socket_with_pending_per_socket_entries_is_not_read),
        SMALL(news_that_wait_count_for_pending_per_socket),
        SMALL(news_of_who_comes_and_goes_take_no_room_from_entries),
        SMALL(who_goes_while_news_wait_is_not_kept_for_ever),
        TEST(a_socket_that_does_not_take_what_is_its_own_is_not_read),
        TEST(what_frames_are_made_in_does_not_grow),
        SMALL(windows_keep_to_window_total),
        SMALL(the_window_of_a_quiet_room_is_given_back),
        TEST(a_window_that_somebody_still_needs_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
