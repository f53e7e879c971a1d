/* SPDX-License-Identifier: MIT
 * The worker and the store that the tests of fcgi/routes.h ask; see routes_world.h.
 */
#include "tests/unit/routes_world.h"

#include "common/clock.h"

static void add_room(struct routes_world *t, struct room *room, const char *title, enum visibility v)
{
    *room = (struct room){ .visibility = v };
    assert_true(str_copy(room->title, sizeof room->title, str_of(title)));
    assert_true(str_copy(room->title_key, sizeof room->title_key, str_of(title)));
    if (v != ROOM_PUBLIC)
        assert_true(str_copy(room->password, sizeof room->password, STR("$y$no-such-hash")));
    room_init(room, clock_wall_ms());
    assert_int_equal(store_room_add(t->w.store, room, SETTING_NONE), STORE_OK);
}

int routes_begin(void **state)
{
    char *const files[] = { (char[]){ "/dev/null" }, NULL };
    char *const environment[] = { (char[]){ "GLOBES_STORE=sqlite:/nonexistent/globes" },
                                  (char[]){ "GLOBES_CONTROL_SOCKET=unix:/nonexistent/control" }, NULL };
    struct token token = { .name = "ann", .role = ROLE_MEMBER };
    struct routes_world *t = calloc(1, sizeof *t);
    struct buf why = { 0 };

    assert_true(settings_load(&t->settings, files, environment, &why));
    t->secrets.n = 1;
    t->secrets.list[0].len = SECRET_MIN;
    memset(t->secrets.list[0].bytes, 's', SECRET_MIN);
    t->shared.rates = rates_new(&t->settings);
    t->shared.hashing = hashing_new(1, 1);
    assert_non_null(t->shared.rates);
    assert_non_null(t->shared.hashing);
    pthread_mutex_init(&t->shared.lock, NULL);
    assert_true(worker_open(&t->w, &t->settings, &t->secrets, &t->shared));
    assert_null(t->w.store);
    t->fake = store_fake_new();
    t->w.store = store_fake_open(t->fake, STORE_READER);
    add_room(t, &t->open, "open", ROOM_PUBLIC);
    add_room(t, &t->closed, "closed", ROOM_PRIVATE);
    token.room_id = t->closed.id;
    token.issued = clock_wall_ms() / 1000;
    token.expires = token.issued + 60;
    assert_true(token_write(&t->token, &token, &t->secrets, t->closed.key));
    *state = t;
    return 0;
}

int routes_end(void **state)
{
    struct routes_world *t = *state;

    worker_close(&t->w);
    rates_free(t->shared.rates);
    hashing_free(t->shared.hashing);
    pthread_mutex_destroy(&t->shared.lock);
    store_fake_free(t->fake);
    settings_free(&t->settings);
    response_free(&t->res);
    buf_free(&t->text);
    buf_free(&t->token);
    free(t);
    return 0;
}

int answer(struct routes_world *t, const struct request *q)
{
    routes_answer(&t->w, q, &t->res);
    assert_true(response_write(&t->text, &t->res, str_is(q->method, "HEAD")));
    return t->res.status;
}

int get(struct routes_world *t, const char *method, const char *target)
{
    return answer(t, &(struct request){ .method = str_of(method), .target = str_of(target) });
}

bool says(const struct routes_world *t, const char *what)
{
    return strstr(t->text.data, what) != NULL;
}

void append(struct routes_world *t, const struct room *room, int64_t seq, enum entry_kind kind,
            int64_t target)
{
    struct store *writer = store_fake_open(t->fake, STORE_WRITER);
    struct append a = { .entry = { .room_id = room->id,
                                   .epoch = room->epoch,
                                   .seq = seq,
                                   .time_ms = 1000 + seq,
                                   .kind = kind,
                                   .target = target,
                                   .who = "whowhowh",
                                   .name = STR("ann") } };
    struct append *list[] = { &a };
    struct buf cid = { 0 }, msg = { 0 };

    buf_text(&cid, ".cid-");
    buf_hex64(&cid, room->epoch);
    buf_format(&cid, "-%08d", (int)seq);
    buf_format(&msg, "message %d.", (int)seq);
    a.entry.cid = buf_all(&cid);
    a.entry.msg = kind == ENTRY_SEND ? buf_all(&msg) : STR("");
    store_append(writer, list, 1);
    assert_int_equal(a.outcome, APPEND_STORED);
    store_close(writer);
    buf_free(&cid);
    buf_free(&msg);
}
