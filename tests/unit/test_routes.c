/* SPDX-License-Identifier: MIT
 * The way of a request through the table of calls (fcgi/routes.h), against the fake store and without
 * FastCGI: the order of checks, what a store in trouble means, what no answer may hold. The calls themselves
 * are tests/api's.
 */
#include "tests/unit/routes_world.h"

#include "common/store_ops.h"

static void unknown_paths_are_404_for_every_method(void **state)
{
    static const char *const paths[] = { "/",
                                         "/chat",
                                         "/chats/",
                                         "/chats/all/token",
                                         "/chats/events",
                                         "/chats/all/ws",
                                         "/chats/events/all",
                                         "/chats/open/token/",
                                         "/chats/open/x",
                                         "/chats/%zz",
                                         "/healthz/x" };

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (get(*state, "GET", paths[i]) != 404 || get(*state, "BREW", paths[i]) != 404)
            fail_msg("%s", paths[i]);
        assert_true(says(*state, "\"code\":404"));
    }
}

static void a_known_path_names_its_methods(void **state)
{
    assert_int_equal(get(*state, "PATCH", "/chats/open"), 405);
    assert_true(says(*state, "Allow: GET, HEAD, PUT, DELETE\r\n"));
    assert_int_equal(get(*state, "OPTIONS", "/chats/all"), 405);
    assert_true(says(*state, "Allow: GET, HEAD\r\n"));
    assert_int_equal(get(*state, "get", "/chats"), 405);
    assert_true(says(*state, "Allow: GET, HEAD, POST\r\n"));
}

static void a_request_without_method_or_target_is_answered(void **state)
{
    assert_int_equal(answer(*state, &(struct request){ .target = STR("/chats") }), 405);
    assert_int_equal(answer(*state, &(struct request){ .method = STR("GET") }), 404);
}

static void what_was_asked_for_is_named_and_cut_between_characters(void **state)
{
    struct buf target = { 0 }, want = { 0 };
    const struct routes_world *t = *state;

    buf_text(&target, "/chats/x");
    buf_text(&want, "\"field\":\"x");
    for (int i = 0; i < 300; i++)
        buf_text(&target, "%C3%A9");
    for (int i = 0; i < 139; i++)
        buf_text(&want, "é");
    buf_text(&want, "\"");
    assert_int_equal(get(*state, "GET", target.data), 404);
    assert_true(says(t, want.data));
    buf_free(&target);
    buf_free(&want);
}

static void head_is_get_without_the_body(void **state)
{
    const struct routes_world *t = *state;
    const char *body;

    assert_int_equal(get(*state, "HEAD", "/chats/open"), 200);
    body = strstr(t->text.data, "\r\n\r\n");
    assert_non_null(body);
    assert_string_equal(body, "\r\n\r\n");
    assert_false(says(t, "Content-Length: 0\r\n"));
}

/* Each request is wrong in all that its row still checks; the answer tells which check came first. */
static void checks_come_in_the_order_of_the_contract(void **state)
{
    struct routes_world *t = *state;
    struct request q = {
        .method = STR("POST"), .target = STR("/nowhere"), .head_too_large = true, .body_state = BODY_TOO_LARGE
    };

    assert_int_equal(answer(t, &q), 431);
    q.head_too_large = false;
    assert_int_equal(answer(t, &q), 404);
    q.target = STR("/chats/missing");
    assert_int_equal(answer(t, &q), 405);
    q.method = STR("PUT");
    assert_int_equal(answer(t, &q), 413);
    q.body_state = BODY_BROKEN;
    assert_int_equal(answer(t, &q), 404);
    q.target = STR("/chats/closed");
    assert_int_equal(answer(t, &q), 403);
    q.target = STR("/chats/open");
    assert_int_equal(answer(t, &q), 400);
    assert_true(says(t, "\"code\":103"));
}

static void nothing_is_done_for_a_request_that_was_cut_off(void **state)
{
    struct routes_world *t = *state;
    struct room room;

    assert_int_equal(answer(t, &(struct request){ .method = STR("DELETE"),
                                                  .target = STR("/chats/open"),
                                                  .body_state = BODY_BROKEN }),
                     400);
    assert_int_equal(store_room_get(t->w.store, t->open.id, &room), STORE_OK);
}

static int get_as(struct routes_world *t, const char *authorization)
{
    return answer(t, &(struct request){ .method = STR("GET"),
                                        .target = STR("/chats/events/closed"),
                                        .authorization = str_of(authorization) });
}

static void only_bearer_and_a_token_is_a_token(void **state)
{
    static const char *const forms[] = { "%s",         "Basic %s",   "Bearer%s",
                                         "Bearer  %s", "Bearer %s ", "Bearer %s, Bearer x",
                                         "Bearer ",    "Bearer",     "" };
    struct routes_world *t = *state;
    struct buf line = { 0 };

    buf_format(&line, "bEaReR %s", t->token.data);
    assert_int_equal(get_as(t, line.data), 200);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct str rest = str_of(forms[i]), part;
        bool first = true;

        buf_clear(&line);
        while (str_next(&rest, '%', &part)) {
            buf_str(&line, first ? (struct str){ 0 } : str_of(t->token.data));
            buf_str(&line, first ? part : (struct str){ part.p + 1, part.n - 1 });
            first = false;
        }
        if (get_as(t, line.data ? line.data : "") != 403)
            fail_msg("%s", forms[i]);
    }
    assert_int_equal(get_as(t, NULL), 403);
    buf_free(&line);
}

static void trouble_of_the_store_is_503_and_says_when_to_come_again(void **state)
{
    static const enum store_result troubles[] = { STORE_FULL, STORE_UNKNOWN, STORE_DOWN };
    struct routes_world *t = *state;

    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        struct store_fake_knobs knobs = { .refuse = 1, .refuse_with = troubles[i] };

        store_fake_set(t->fake, knobs);
        assert_int_equal(
            answer(t, &(struct request){ .method = STR("POST"),
                                         .target = STR("/chats"),
                                         .body = STR("{\"title\":\"new\",\"visibility\":\"public\"}") }),
            503);
        assert_true(says(t, "Retry-After: 1\r\n"));
        assert_true(says(t, "\"code\":503"));
    }
    assert_null(t->w.store);
}

static void without_a_store_paths_and_methods_are_still_known(void **state)
{
    struct routes_world *t = *state;

    worker_store_drop(&t->w);
    assert_int_equal(get(t, "GET", "/chats/open"), 503);
    assert_int_equal(get(t, "GET", "/nowhere"), 404);
    assert_int_equal(get(t, "PATCH", "/chats"), 405);
    assert_int_equal(get(t, "GET", "/healthz"), 200);
    assert_int_equal(get(t, "GET", "/readyz"), 503);
    assert_true(says(t, "\"store\":false,\"relay\":false"));
}

/* A store in which somebody else changes the room just before we do, so many times. */
struct meddled {
    struct store base;
    struct store *inner;
    int times;
    bool owns; /* the other one also takes the room for an owner */
};

static enum store_result meddled_find(struct store *s, struct str title_key, struct room *out)
{
    return store_room_find(((struct meddled *)s)->inner, title_key, out);
}

static enum store_result meddled_get(struct store *s, int64_t id, struct room *out)
{
    return store_room_get(((struct meddled *)s)->inner, id, out);
}

static enum store_result meddled_update(struct store *s, struct room *room)
{
    struct meddled *m = (struct meddled *)s;
    struct room other;

    if (m->times) {
        m->times--;
        assert_int_equal(store_room_get(m->inner, room->id, &other), STORE_OK);
        assert_true(str_copy(other.description, sizeof other.description, STR("of the other")));
        other.owned = m->owns;
        assert_int_equal(store_room_update(m->inner, &other), STORE_OK);
    }
    return store_room_update(m->inner, room);
}

/* Renames the open room while the other changes its description; returns the status. */
static int rename_meddled(struct routes_world *t, int times, bool owns, struct room *after)
{
    static const struct store_ops ops = { .room_find = meddled_find,
                                          .room_get = meddled_get,
                                          .room_update = meddled_update };
    struct meddled m = { .base.ops = &ops, .inner = t->w.store, .times = times, .owns = owns };
    int status;

    t->w.store = &m.base;
    status = answer(t, &(struct request){ .method = STR("PUT"),
                                          .target = STR("/chats/open"),
                                          .body = STR("{\"title\":\"renamed\"}") });
    t->w.store = m.inner;
    assert_int_equal(store_room_get(t->w.store, t->open.id, after), STORE_OK);
    return status;
}

static void a_change_that_collides_is_made_on_top_of_the_other(void **state)
{
    struct room after;

    assert_int_equal(rename_meddled(*state, 4, false, &after), 200);
    assert_string_equal(after.title, "renamed");
    assert_string_equal(after.description, "of the other");
    assert_true(says(*state, "of the other"));
}

static void a_change_that_collides_again_and_again_is_503(void **state)
{
    struct room after;

    assert_int_equal(rename_meddled(*state, 100, false, &after), 503);
    assert_string_equal(after.title, "open");
}

static void after_a_collision_the_right_is_checked_anew(void **state)
{
    struct room after;

    assert_int_equal(rename_meddled(*state, 1, true, &after), 403);
    assert_string_equal(after.title, "open");
}

static void the_newest_50_events_come_oldest_first(void **state)
{
    struct routes_world *t = *state;

    for (int i = 1; i <= 60; i++)
        append(t, &t->open, i, ENTRY_SEND, 0);
    assert_int_equal(get(t, "GET", "/chats/events/open"), 200);
    assert_false(says(t, "message 10."));
    assert_true(says(t, "message 11."));
    assert_true(says(t, "message 60."));
    assert_true(strstr(t->text.data, "message 11.") < strstr(t->text.data, "message 12."));
    assert_false(says(t, "cid"));
}

static void what_was_taken_back_takes_no_place_among_the_events(void **state)
{
    struct routes_world *t = *state;

    for (int i = 1; i <= 60; i++)
        append(t, &t->open, i, ENTRY_SEND, 0);
    for (int i = 61; i <= 65; i++)
        append(t, &t->open, i, ENTRY_REMOVE, i - 10);
    assert_int_equal(get(t, "GET", "/chats/events/open"), 200);
    assert_false(says(t, "message 5."));
    assert_true(says(t, "message 6."));
    assert_true(says(t, "message 50."));
    assert_false(says(t, "message 51."));
    assert_false(says(t, "message 55."));
    assert_true(says(t, "message 60."));
}

static void every_answer_has_the_same_head_and_an_id_of_its_own(void **state)
{
    static const char *const targets[] = { "/chats/open", "/nowhere", "/chats/open/entrance",
                                           "/chats/events/closed" };
    struct routes_world *t = *state;
    char last[17] = "";

    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        get(t, "GET", targets[i]);
        assert_true(says(t, "X-Content-Type-Options: nosniff\r\n"));
        assert_true(says(t, "Vary: Origin, Accept, Authorization\r\n"));
        assert_true(says(t, "X-Request-Id: "));
        assert_int_equal(strspn(t->res.id, "0123456789abcdef"), 16);
        assert_string_not_equal(t->res.id, last);
        assert_true(str_copy(last, sizeof last, str_of(t->res.id)));
    }
}

static void no_answer_holds_a_hash_or_a_key(void **state)
{
    static const char *const targets[] = { "/chats/closed", "/chats/all", "/chats", "/chats/events/closed" };
    struct routes_world *t = *state;
    struct buf key = { 0 };

    buf_hex(&key, t->closed.key, ROOM_KEY_SIZE);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        get(t, "GET", targets[i]);
        assert_false(says(t, "$y$"));
        assert_false(says(t, "password"));
        assert_false(says(t, key.data));
    }
    buf_free(&key);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, routes_begin, routes_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unknown_paths_are_404_for_every_method),
        TEST(a_known_path_names_its_methods),
        TEST(a_request_without_method_or_target_is_answered),
        TEST(what_was_asked_for_is_named_and_cut_between_characters),
        TEST(head_is_get_without_the_body),
        TEST(checks_come_in_the_order_of_the_contract),
        TEST(nothing_is_done_for_a_request_that_was_cut_off),
        TEST(only_bearer_and_a_token_is_a_token),
        TEST(trouble_of_the_store_is_503_and_says_when_to_come_again),
        TEST(without_a_store_paths_and_methods_are_still_known),
        TEST(a_change_that_collides_is_made_on_top_of_the_other),
        TEST(a_change_that_collides_again_and_again_is_503),
        TEST(after_a_collision_the_right_is_checked_anew),
        TEST(the_newest_50_events_come_oldest_first),
        TEST(what_was_taken_back_takes_no_place_among_the_events),
        TEST(every_answer_has_the_same_head_and_an_id_of_its_own),
        TEST(no_answer_holds_a_hash_or_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
