/* SPDX-License-Identifier: MIT
 * Opening a room through the table of calls (fcgi/routes.h), on the fake store and with the relay away: the row changes
 * in one step or not at all, and what was said in private is never served to the public.
 */
#include "tests/unit/routes_world.h"

#include "common/store_ops.h"

static int open_room(struct routes_world *t)
{
    struct buf bearer = { 0 };
    int status;

    buf_format(&bearer, "Bearer %s", t->token.data);
    status = answer(t, &(struct request){ .method = STR("PUT"),
                                          .target = STR("/chats/closed"),
                                          .authorization = buf_all(&bearer),
                                          .body = STR("{\"visibility\":\"public\"}") });
    buf_free(&bearer);
    return status;
}

static struct room closed_now(const struct routes_world *t)
{
    struct room room;

    assert_int_equal(store_room_get(t->w.store, t->closed.id, &room), STORE_OK);
    return room;
}

/* Whole: another visibility, key and epoch, nothing of the password, and all else as it was. */
static void assert_opened(const struct room *now, const struct room *was)
{
    assert_int_equal(now->visibility, ROOM_PUBLIC);
    assert_true(now->epoch != was->epoch);
    assert_memory_not_equal(now->key, was->key, ROOM_KEY_SIZE);
    assert_string_equal(now->password, "");
    assert_string_equal(now->title, was->title);
    assert_int_equal(now->created_ms, was->created_ms);
    assert_int_equal(now->order, was->order);
}

static void assert_as_it_was(const struct room *now, const struct room *was)
{
    assert_int_equal(now->version, was->version);
    assert_int_equal(now->visibility, was->visibility);
    assert_true(now->epoch == was->epoch);
    assert_memory_equal(now->key, was->key, ROOM_KEY_SIZE);
    assert_string_equal(now->password, was->password);
    assert_int_equal(now->updated_ms, was->updated_ms);
}

static int64_t head_of(const struct routes_world *t, const struct room *room)
{
    struct log_state log;

    assert_int_equal(store_log_state(t->w.store, room->id, room->epoch, &log), STORE_OK);
    return log.head;
}

static void opening_is_one_update_and_begins_an_empty_log(void **state)
{
    struct routes_world *t = *state;
    struct room now;

    append(t, &t->closed, 1, ENTRY_SEND, 0);
    append(t, &t->closed, 2, ENTRY_SEND, 0);
    assert_int_equal(open_room(t), 200);
    now = closed_now(t);
    assert_opened(&now, &t->closed);
    assert_int_equal(now.version, t->closed.version + 1);
    assert_int_equal(head_of(t, &now), 0);
    assert_int_equal(get(t, "GET", "/chats/events/closed"), 200);
    assert_false(says(t, "message"));
    append(t, &now, 1, ENTRY_SEND, 0);
    assert_int_equal(get(t, "GET", "/chats/events/closed"), 200);
    assert_true(says(t, "message 1."));
    assert_false(says(t, "message 2."));
}

static void an_opening_that_the_store_refuses_leaves_room_and_log_as_they_were(void **state)
{
    static const enum store_result troubles[] = { STORE_FULL, STORE_UNKNOWN };
    struct routes_world *t = *state;
    struct room now;

    append(t, &t->closed, 1, ENTRY_SEND, 0);
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        store_fake_set(t->fake, (struct store_fake_knobs){ .refuse = 1, .refuse_with = troubles[i] });
        assert_int_equal(open_room(t), 503);
        assert_int_equal(store_fake_left(t->fake).refuse, 0);
        now = closed_now(t);
        assert_as_it_was(&now, &t->closed);
        assert_int_equal(head_of(t, &now), 1);
    }
    assert_int_equal(open_room(t), 200); /* with the same token */
}

static void an_opening_of_which_the_answer_is_lost_is_done_whole(void **state)
{
    struct routes_world *t = *state;
    struct room now;

    append(t, &t->closed, 1, ENTRY_SEND, 0);
    store_fake_set(t->fake, (struct store_fake_knobs){ .lose = 1 });
    assert_int_equal(open_room(t), 503);
    now = closed_now(t);
    assert_opened(&now, &t->closed);
    assert_int_equal(head_of(t, &now), 0);
}

static void a_change_that_opens_no_room_keeps_its_log(void **state)
{
    static const struct str bodies[] = { STR("{\"description\":\"new\"}"), STR("{\"visibility\":\"hidden\"}"),
                                         STR("{\"visibility\":\"private\"}") };
    struct routes_world *t = *state;
    struct buf bearer = { 0 };
    struct room now;

    buf_format(&bearer, "Bearer %s", t->token.data);
    append(t, &t->closed, 1, ENTRY_SEND, 0);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        assert_int_equal(answer(t, &(struct request){ .method = STR("PUT"),
                                                      .target = STR("/chats/closed"),
                                                      .authorization = buf_all(&bearer),
                                                      .body = bodies[i] }),
                         200);
        now = closed_now(t);
        assert_true(now.epoch == t->closed.epoch);
        assert_int_equal(now.version, t->closed.version + (int64_t)i + 1);
        assert_int_equal(head_of(t, &now), 1);
    }
    assert_memory_equal(now.key, t->closed.key, ROOM_KEY_SIZE);
    assert_int_equal(answer(t, &(struct request){ .method = STR("PUT"),
                                                  .target = STR("/chats/open"),
                                                  .body = STR("{\"visibility\":\"public\"}") }),
                     200);
    assert_int_equal(store_room_get(t->w.store, t->open.id, &now), STORE_OK);
    assert_true(now.epoch == t->open.epoch);
    buf_free(&bearer);
}

/* A store in which somebody else opens the closed room just before its next update. */
struct overtaken {
    struct store base;
    struct store *inner;
    struct room other; /* as the other one left it */
};

static enum store_result overtaken_find(struct store *s, struct str title_key, struct room *out)
{
    return store_room_find(((struct overtaken *)s)->inner, title_key, out);
}

static enum store_result overtaken_get(struct store *s, int64_t id, struct room *out)
{
    return store_room_get(((struct overtaken *)s)->inner, id, out);
}

static enum store_result overtaken_update(struct store *s, struct room *room)
{
    struct overtaken *o = (struct overtaken *)s;
    struct room *other = &o->other;

    if (!other->id) {
        assert_int_equal(store_room_get(o->inner, room->id, other), STORE_OK);
        other->visibility = ROOM_PUBLIC;
        other->password[0] = '\0';
        other->epoch++;
        other->key[0] ^= 1;
        assert_int_equal(store_room_update(o->inner, other), STORE_OK);
    }
    return store_room_update(o->inner, room);
}

/* Else what was said since it was opened would be lost. */
static void a_room_that_another_has_opened_is_not_opened_again(void **state)
{
    static const struct store_ops ops = { .room_find = overtaken_find,
                                          .room_get = overtaken_get,
                                          .room_update = overtaken_update };
    struct routes_world *t = *state;
    struct overtaken o = { .base.ops = &ops, .inner = t->w.store };
    struct room now;
    int status;

    t->w.store = &o.base;
    status = open_room(t);
    t->w.store = o.inner;
    assert_int_equal(status, 200);
    now = closed_now(t);
    assert_opened(&now, &t->closed);
    assert_true(now.epoch == o.other.epoch);
    assert_memory_equal(now.key, o.other.key, ROOM_KEY_SIZE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, routes_begin, routes_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opening_is_one_update_and_begins_an_empty_log),
        TEST(an_opening_that_the_store_refuses_leaves_room_and_log_as_they_were),
        TEST(an_opening_of_which_the_answer_is_lost_is_done_whole),
        TEST(a_change_that_opens_no_room_keeps_its_log),
        TEST(a_room_that_another_has_opened_is_not_opened_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
