/* SPDX-License-Identifier: MIT
 * Rooms, their rows that change, and how they end (relay/hub.h). In a made-up world.
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

/* ---- live rooms ---- */

static void a_room_lives_as_long_as_it_is_needed(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann");

    assert_int_equal(fake_room(f)->id, FAKE_ROOM);
    fake_send(ann, "last words");
    fake_close(ann);
    fake_flush(f);
    assert_non_null(fake_room(f)); /* the entry and the leave are under way */
    fake_settle(f);
    assert_null(fake_room(f));
    assert_int_equal(hub_counts(f->hub).rooms, 0);
}

static void a_room_that_nobody_entered_after_all_is_released(void **state)
{
    struct fake_world *f = *state;
    struct log_state log = { .epoch = f->row.epoch, .first = 1 };
    struct hub_room *room = hub_room(f->hub, &f->row, &log);

    assert_ptr_equal(hub_room(f->hub, &f->row, &log), room);
    assert_int_equal(hub_counts(f->hub).rooms, 1);
    hub_release(f->hub, room);
    assert_int_equal(hub_counts(f->hub).rooms, 0);
}

static void a_hub_is_freed_with_its_rooms(void **state)
{
    struct fake_world *f = *state;
    struct hub_limits limits = fake_limits();
    struct hub *hub = hub_new(&f->world, &limits);
    struct log_state log = { .epoch = f->row.epoch, .first = 1 };

    assert_non_null(hub_room(hub, &f->row, &log));
    f->row.id = 8;
    assert_non_null(hub_room(hub, &f->row, &log));
    hub_free(hub);
    hub_free(NULL);
}

static void a_connection_that_was_never_opened_is_dropped(void **state)
{
    struct fake_world *f = *state;
    struct conn *c = conn_new(f->hub, NULL);

    conn_close_later(c, CLOSE_POLICY);
    conn_drop(c);
    conn_drop(NULL);
    assert_int_equal(hub_counts(f->hub).sockets, 0);
}

static void rooms_hear_nothing_of_each_other(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_guest(f, "ann"), *other;

    f->row.id = 8;
    other = fake_guest(f, "ann"); /* the name is free there */
    fake_send(ann, "here");
    fake_send(other, "there");
    fake_settle(f);
    assert_string_equal(fake_said(ann), "join ann; 1 ann: here");
    assert_string_equal(fake_said(other), "join ann; 1 ann: there");
    assert_int_equal(hub_counts(f->hub).rooms, 2);
    assert_int_equal(hub_counts(f->hub).people, 2);
    assert_int_equal(hub_counts(f->hub).sockets, 2);
}

/* So many that some share a bucket. */
static void many_rooms_are_found_and_listed(void **state)
{
    enum { ROOMS = 2000, STEP = 7919 };
    struct fake_world *f = *state;
    struct hub_version given[ROOMS + 1];
    int64_t sum = 0;

    for (int64_t n = 1; n <= ROOMS; n++) {
        f->row.id = n * n * STEP;
        f->row.version = n;
        fake_enter(f, NULL, 0);
    }
    for (int64_t n = 1; n <= ROOMS; n++)
        assert_int_equal(hub_find(f->hub, n * n * STEP)->version, n);
    assert_int_equal(hub_versions(f->hub, given, ROOMS + 1), ROOMS);
    for (size_t i = 0; i < ROOMS; i++) {
        assert_int_equal(given[i].id, given[i].version * given[i].version * STEP);
        sum += given[i].version;
    }
    assert_int_equal(sum, ROOMS * (ROOMS + 1) / 2);
    assert_int_equal(hub_versions(f->hub, given, 3), 3);
    assert_null(hub_find(f->hub, 12345));
}

static void a_room_that_goes_leaves_the_others(void **state)
{
    enum { ROOMS = 2000, STEP = 7919 };
    struct fake_world *f = *state;
    static struct fake_socket *s[ROOMS + 1];

    for (int64_t n = 1; n <= ROOMS; n++) {
        f->row.id = n * n * STEP;
        s[n] = fake_enter(f, NULL, 0);
    }
    for (int64_t n = 1; n <= ROOMS; n += 2)
        fake_close(s[n]);
    fake_flush(f);
    for (int64_t n = 1; n <= ROOMS; n++)
        assert_int_equal(hub_find(f->hub, n * n * STEP) != NULL, n % 2 == 0);
    assert_int_equal(hub_counts(f->hub).rooms, ROOMS / 2);
}

/* ---- rows that change ---- */

static void a_new_key_ends_those_with_tokens_alone(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob = fake_guest(f, "bob");

    fake_change(f, ROOM_PUBLIC, false, true);
    fake_flush(f);
    assert_string_equal(fake_said(ann), "join ann; join bob; close 1008");
    assert_false(bob->hung_up);
    assert_memory_equal(fake_room(f)->key, f->row.key, ROOM_KEY_SIZE);
}

static void closing_a_room_ends_those_without_tokens_alone(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob = fake_guest(f, "bob");

    fake_change(f, ROOM_HIDDEN, false, false);
    fake_flush(f);
    assert_string_equal(fake_said(bob), "join bob; close 1008");
    assert_false(ann->hung_up);
}

/* The machine of one sleeps, and answers no close frame. */
static void who_is_told_to_go_is_no_more_in_the_room(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = fake_enter(f, "ann", 'a'), *bob = fake_guest(f, "bob");

    fake_join(ann, "");
    fake_settle(f);
    fake_change(f, ROOM_PRIVATE, false, false);
    fake_pass(f, 1000);
    assert_int_equal(fake_count(bob, "close 1008"), 1);
    assert_int_equal(fake_count(ann, "leave bob"), 1);
    assert_int_equal(fake_room(f)->presence.n, 1);
    fake_close(bob);
    fake_settle(f);
    assert_int_equal(fake_count(ann, "leave bob"), 1);
}

static void opening_a_room_ends_everyone(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann, *bob;

    f->row.visibility = ROOM_PRIVATE;
    ann = member(f, "ann");
    bob = member(f, "bob");
    bob->room = 0;
    fake_talk(ann, "old", 2);
    fake_change(f, ROOM_PUBLIC, true, true);
    fake_talk(ann, "not heard", 1);
    fake_flush(f);
    assert_int_equal(fake_count(ann, "2 ann: old"), 1);
    assert_int_equal(fake_count(ann, "close 1008"), 1);
    assert_string_equal(fake_said(bob), "join bob; close 1008");
}

static void a_log_that_begins_anew_sends_everyone_away_to_come_back(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob = fake_guest(f, "bob");

    fake_send(ann, "posted, not walked");
    fake_store(f, 1);
    fake_change(f, ROOM_PUBLIC, true, false);
    fake_flush(f);
    assert_int_equal(fake_count(ann, "close 1012 "), 1);
    assert_int_equal(fake_count(bob, "close 1012 "), 1);
    assert_int_equal(fake_count(bob, "1 ann: posted, not walked"), 1);
}

static void who_is_sent_away_hears_nothing_of_the_new_log(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *eve;

    fake_change(f, ROOM_PUBLIC, true, true);
    eve = fake_guest(f, "eve");
    fake_send(eve, "new");
    fake_store(f, 1);
    fake_flush(f); /* only now does the turn end */
    assert_string_equal(fake_said(ann), "join ann; close 1008");
    assert_string_equal(fake_said(eve), "join eve; 1 eve: new");
}

/* Nobody who may no longer be there hears what comes in the rest of the turn. */
static void who_may_no_longer_be_there_is_told_at_once(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob = fake_guest(f, "bob"), *eve = fake_enter(f, NULL, 0);

    fake_flush(f);
    fake_send(ann, "before");
    fake_store(f, 1);
    fake_change(f, ROOM_PRIVATE, false, false);
    fake_send(ann, "among us");
    fake_store(f, 1);
    assert_string_equal(fake_said(bob), "join bob; 1 ann: before; close 1008");
    assert_string_equal(fake_said(eve), "1 ann: before; close 1008");
    hub_room_gone(f->hub, FAKE_ROOM);
    assert_string_equal(fake_said(ann), "join ann; join bob; 1 ann: before; 2 ann: among us; close 1001");
    fake_flush(f);
    assert_string_equal(fake_news(bob), "");
}

static void a_row_that_is_not_newer_changes_nothing(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann");
    struct log_state log = { .epoch = 1 };
    struct room row = f->row;

    row.epoch = 1;
    row.key[0] = 'x';
    hub_room_changed(f->hub, fake_room(f), &row, &log);
    row.version = 0;
    hub_room_changed(f->hub, fake_room(f), &row, &log);
    fake_flush(f);
    assert_false(ann->hung_up);
    assert_int_equal(fake_room(f)->epoch, f->row.epoch);
    fake_talk(ann, "hi", 1);
    assert_int_equal(fake_count(ann, "1 ann: hi"), 1);
}

static void a_change_that_concerns_nobody_ends_nobody(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob = fake_guest(f, "bob");

    fake_change(f, ROOM_PUBLIC, false, false);
    fake_flush(f);
    assert_false(ann->hung_up || bob->hung_up);
    assert_int_equal(fake_room(f)->version, f->row.version);
}

static void a_room_that_is_gone_sends_everyone_away(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob = fake_guest(f, "bob");
    uint64_t changes = hub_row_changes(f->hub);

    hub_room_gone(f->hub, FAKE_ROOM);
    hub_room_gone(f->hub, 12345);
    fake_flush(f);
    assert_string_equal(fake_said(ann), "join ann; join bob; close 1001");
    assert_string_equal(fake_said(bob), "join bob; close 1001");
    hub_row_changed(f->hub);
    assert_int_equal(hub_row_changes(f->hub), changes + 3);
}

static void entries_of_an_earlier_epoch_are_posted_to_nobody(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *ann = member(f, "ann"), *bob;

    fake_send(ann, "old");
    fake_change(f, ROOM_PUBLIC, true, true);
    bob = fake_guest(f, "bob");
    fake_settle(f);
    assert_string_equal(fake_said(bob), "join bob");
    fake_send(bob, "new");
    fake_settle(f);
    assert_string_equal(fake_news(bob), "1 bob: new");
    assert_int_equal(fake_count(ann, "1 "), 0);
}

/* A page of the earlier epoch is under way, or half read, while somebody of the new one asks for the same seqs. */
static void nobody_reads_pages_of_an_earlier_epoch(void **state)
{
    struct fake_world *f = *state;

    for (unsigned loaded = 0; loaded < 2; loaded++) {
        struct fake_socket *ann = fake_guest(f, "ann"), *slow = fake_enter(f, NULL, 0), *eve, *late;
        size_t loads = f->loads_ever;

        slow->room = 0;
        fake_talk(ann, "old", 100);
        fake_take(slow, FAKE_TALK);
        assert_int_equal(f->loading, 1);
        if (loaded)
            fake_load(f, LOAD_WELL);
        fake_change(f, ROOM_PUBLIC, true, true);
        fake_flush(f);
        fake_close(ann);
        eve = fake_guest(f, "eve");
        late = fake_enter(f, NULL, 0);
        fake_flush(f);
        late->room = 0;
        fake_talk(eve, "new", 100);
        fake_take(late, FAKE_ALL);
        assert_int_equal(f->loads_ever, loads + 2);
        while (f->loading)
            fake_load_at(f, f->loading - 1, LOAD_WELL); /* the new one first */
        fake_settle(f);
        assert_int_equal(fake_count(late, "1 eve: new"), 1);
        assert_int_equal(fake_count(late, "100 eve: new"), 1);
        assert_int_equal(fake_count(late, ""), 100);
        assert_int_equal(fake_has(slow, "old..."), loaded);
        assert_int_equal(fake_count(slow, "close 1012"), 1);
        fake_close(slow);
        fake_close(eve);
        fake_close(late);
        fake_settle(f);
    }
}

/* ---- age, the end ---- */

static void a_token_that_may_be_renewed_no_more_ends(void **state)
{
    struct fake_world *f = *state;
    struct token token = { .name = "old", .person = "o", .issued = f->wall_ms / 1000 - 12 * 3600 + 100 };
    struct fake_socket *bob = fake_guest(f, "bob"), *fresh = member(f, "ann"),
                       *old = fake_enter_token(f, &token);

    fake_pass(f, 99000);
    assert_false(old->hung_up);
    fake_pass(f, 1000);
    assert_string_equal(fake_said(old), "close 1008");
    assert_false(fresh->hung_up);
    fake_pass(f, 12 * 3600 * INT64_C(1000));
    assert_true(fresh->hung_up);
    assert_false(bob->hung_up);
}

static void closing_all_reaches_all_rooms(void **state)
{
    struct fake_world *f = *state;
    struct fake_socket *s[3];

    for (size_t i = 0; i < 3; i++) {
        f->row.id = (int64_t)(1 + i);
        s[i] = fake_guest(f, "ann");
    }
    conn_close_later(s[0]->conn, CLOSE_POLICY);
    hub_close_all(f->hub, CLOSE_GOING_AWAY);
    fake_flush(f);
    assert_string_equal(fake_said(s[0]), "join ann; close 1008"); /* the first one counts */
    assert_string_equal(fake_said(s[1]), "join ann; close 1001");
    assert_string_equal(fake_said(s[2]), "join ann; close 1001");
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, begin, end)
#define SMALL(f) cmocka_unit_test_setup_teardown(f, begin_small, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_room_lives_as_long_as_it_is_needed),
        TEST(a_room_that_nobody_entered_after_all_is_released),
        TEST(a_hub_is_freed_with_its_rooms),
        TEST(a_connection_that_was_never_opened_is_dropped),
        TEST(rooms_hear_nothing_of_each_other),
        TEST(many_rooms_are_found_and_listed),
        TEST(a_room_that_goes_leaves_the_others),
        TEST(a_new_key_ends_those_with_tokens_alone),
        TEST(closing_a_room_ends_those_without_tokens_alone),
        TEST(who_is_told_to_go_is_no_more_in_the_room),
        TEST(opening_a_room_ends_everyone),
        TEST(a_log_that_begins_anew_sends_everyone_away_to_come_back),
        TEST(who_is_sent_away_hears_nothing_of_the_new_log),
        TEST(who_may_no_longer_be_there_is_told_at_once),
        TEST(a_row_that_is_not_newer_changes_nothing),
        TEST(a_change_that_concerns_nobody_ends_nobody),
        TEST(a_room_that_is_gone_sends_everyone_away),
        TEST(entries_of_an_earlier_epoch_are_posted_to_nobody),
        SMALL(nobody_reads_pages_of_an_earlier_epoch),
        TEST(a_token_that_may_be_renewed_no_more_ends),
        TEST(closing_all_reaches_all_rooms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
