/* SPDX-License-Identifier: MIT
 * The made-up world; see world_fake.h. Entries and pages go through the relay's own append.c and page.c to the
 * fake store. Running out of memory ends the test program.
 */
#include "tests/unit/world_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/json.h"
#include "relay/append.h"

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

/* ---- the functions of the world ---- */

static int64_t wall_ms(void *self)
{
    return ((struct fake_world *)self)->wall_ms;
}

static int64_t mono_ms(void *self)
{
    return ((struct fake_world *)self)->mono_ms;
}

static uint64_t next_chance(struct fake_world *f)
{
    f->chance = f->chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return f->chance >> 32;
}

static void chance(void *self, void *out, size_t n)
{
    uint8_t *byte = out;

    while (n--)
        *byte++ = (uint8_t)next_chance(self);
}

uint32_t fake_random(struct fake_world *f, uint32_t n)
{
    return (uint32_t)next_chance(f) % n;
}

static struct fake_socket *living(void *socket)
{
    struct fake_socket *s = socket;

    if (!s->conn)
        fail_msg("a socket that is closed is still used");
    return s;
}

/* As living(), and it may still be given bytes. */
static struct fake_socket *speaking_to(void *socket)
{
    struct fake_socket *s = living(socket);

    if (s->hung_up)
        fail_msg("something is sent behind the last frame");
    return s;
}

static ssize_t send_to(void *socket, const uint8_t *p, size_t n)
{
    struct fake_socket *s = speaking_to(socket);
    size_t k = n < s->room ? n : s->room;

    s->sends++;
    if (s->broken)
        return -1;
    if (!n)
        fail_msg("nothing is sent, but by a call");
    buf_bytes(&s->got, p, k);
    if (s->room != FAKE_ALL)
        s->room -= k;
    return (ssize_t)k;
}

static bool finish(void *socket, const uint8_t *p, size_t n)
{
    struct fake_socket *s = speaking_to(socket);

    if (s->broken || s->breaks)
        return false;
    buf_bytes(&s->got, p, n);
    return true;
}

static void want(void *socket)
{
    living(socket)->wanted = true;
}

static void read_from(void *socket, bool on)
{
    struct fake_socket *s = living(socket);

    s->deaf = !on;
    s->listens += on;
}

static void hang_up(void *socket)
{
    living(socket)->hung_up = true;
}

static void cut(void *socket)
{
    living(socket)->cut = true;
}

static void append(void *self, struct pending *p)
{
    struct fake_world *f = self;

    p->next = NULL;
    *f->appends_end = p;
    f->appends_end = &p->next;
    f->waiting++;
}

static void load(void *self, struct page *page)
{
    struct fake_world *f = self;

    if (f->loading == sizeof f->loads / sizeof *f->loads)
        fail_msg("too many pages are under way");
    f->loads[f->loading++] = page;
    f->loads_ever++;
}

static int64_t charge_join(void *self, uint64_t from)
{
    struct fake_world *f = self;

    f->joins_charged++;
    f->joined_from = from;
    return f->join_wait_ms;
}

/* ---- beginning and end ---- */

struct hub_limits fake_limits(void)
{
    return (struct hub_limits){
        .window_size = 1 << 20,
        .window_total = 1 << 26,
        .pending_max = 1 << 24,
        .pending_per_socket = 32,
        .members_max = 10000,
        .message_max = 4096,
        .name_max = 64,
        .stall_max_ms = 60000,
        .token_max_age_ms = 12 * 3600 * 1000,
    };
}

struct fake_world *fake_world_new(const struct hub_limits *limits)
{
    struct fake_world *f = must(calloc(1, sizeof *f));

    *f = (struct fake_world){
        .world = { .self = f,
                   .wall_ms = wall_ms,
                   .mono_ms = mono_ms,
                   .chance = chance,
                   .send = send_to,
                   .finish = finish,
                   .want = want,
                   .read = read_from,
                   .hang_up = hang_up,
                   .cut = cut,
                   .charge_join = charge_join,
                   .append = append,
                   .load = load },
        .wall_ms = INT64_C(1800000000000),
        .mono_ms = 1000000,
        .chance = 1,
        .row = { .id = FAKE_ROOM, .version = 1, .epoch = 0xe1, .visibility = ROOM_PUBLIC, .key = "key" },
        .appends_end = &f->appends,
        .log = store_fake_new(),
        .json = must(json_reader_new()),
    };
    f->store = store_fake_open(f->log, STORE_WRITER);
    f->hub = must(hub_new(&f->world, limits));
    return f;
}

void fake_world_free(struct fake_world *f)
{
    struct hub_counts left;

    for (struct fake_socket *s = f->sockets; s; s = s->next)
        fake_close(s);
    while (f->waiting || f->loading) {
        fake_store(f, f->waiting);
        while (f->loading)
            fake_load(f, LOAD_WELL);
    }
    fake_flush(f);
    left = hub_counts(f->hub);
    assert_int_equal(left.sockets, 0);
    assert_int_equal(left.people, 0);
    assert_int_equal(left.pending, 0);
    assert_int_equal(left.rooms, 0);
    assert_int_equal(hub_lists(f->hub)->budget.total, 0);
    hub_free(f->hub);
    for (struct fake_socket *s, *next = f->sockets; (s = next);) {
        next = s->next;
        buf_free(&s->got);
        free(s);
    }
    store_close(f->store);
    store_fake_free(f->log);
    json_reader_free(f->json);
    buf_free(&f->text);
    free(f);
}

/* ---- people ---- */

struct fake_socket *fake_enter_token(struct fake_world *f, const struct token *token)
{
    struct fake_socket *s = must(calloc(1, sizeof *s));
    struct log_state log;
    struct hub_room *room;

    assert_int_equal(store_log_state(f->store, f->row.id, f->row.epoch, &log), STORE_OK);
    room = must(hub_room(f->hub, &f->row, &log));
    *s = (struct fake_socket){ .world = f, .room = FAKE_ALL, .next = f->sockets };
    s->conn = must(conn_new(f->hub, token));
    f->sockets = s;
    assert_true(conn_open(s->conn, room, s));
    return s;
}

struct fake_socket *fake_enter(struct fake_world *f, const char *name, char person)
{
    struct token token = { .role = ROLE_MEMBER, .room_id = f->row.id, .issued = f->wall_ms / 1000 };

    if (!name)
        return fake_enter_token(f, NULL);
    assert_true(str_copy(token.name, sizeof token.name, str_of(name)));
    memset(token.person, person, sizeof token.person);
    return fake_enter_token(f, &token);
}

struct fake_socket *fake_guest(struct fake_world *f, const char *name)
{
    struct fake_socket *s = fake_enter(f, NULL, 0);

    fake_join(s, name);
    return s;
}

void fake_text(struct fake_socket *s, const char *json)
{
    conn_text(s->conn, str_of(json));
}

static void say(struct fake_socket *s, const char *type, const char *member, const char *text)
{
    struct buf json = { 0 };

    buf_format(&json, "{\"event_type\":\"%s\",\"%s\":", type, member);
    buf_json(&json, str_of(text));
    buf_char(&json, '}');
    fake_text(s, json.data);
    buf_free(&json);
}

void fake_join(struct fake_socket *s, const char *name)
{
    say(s, "join", "name", name);
}

void fake_send(struct fake_socket *s, const char *msg)
{
    say(s, "send", "msg", msg);
}

void fake_leave(struct fake_socket *s)
{
    fake_text(s, "{\"event_type\":\"leave\"}");
}

void fake_close(struct fake_socket *s)
{
    struct conn *c = s->conn;

    if (!c)
        return;
    s->conn = NULL;
    conn_closed(c);
}

void fake_take(struct fake_socket *s, size_t room)
{
    s->room = room;
    if (!s->conn || !s->wanted || !room)
        return;
    s->wanted = false;
    deliver_ready(s->conn);
}

/* ---- the store ---- */

static struct pending *next_append(struct fake_world *f)
{
    struct pending *p = f->appends;

    f->appends = p->next;
    if (!f->appends)
        f->appends_end = &f->appends;
    f->waiting--;
    return p;
}

void fake_store(struct fake_world *f, size_t n)
{
    while (n-- && f->waiting) {
        struct pending *p = next_append(f);
        struct append *one = &p->append;

        if (!p->news.p)
            append_run(f->store, &one, 1);
        hub_appended(f->hub, p);
    }
}

void fake_store_fails(struct fake_world *f, enum append_outcome outcome)
{
    struct pending *p = next_append(f);
    struct append *one = &p->append;

    if (p->news.p)
        fail_msg("news cannot fail");
    if (outcome == APPEND_UNKNOWN)
        append_run(f->store, &one, 1);
    p->append.outcome = outcome;
    hub_appended(f->hub, p);
}

static void store_unheard(struct fake_world *f, enum entry_kind kind, int64_t target)
{
    struct append a = {
        .entry = { .room_id = f->row.id, .epoch = f->row.epoch, .kind = kind, .target = target, .time_ms = 1 }
    };
    struct append *one = &a;
    char cid[ENTRY_CID_MAX];

    snprintf(cid, sizeof cid, ".elsewhere-%08x", fake_random(f, UINT32_MAX));
    a.entry.cid = str_of(cid);
    a.entry.name = STR("elsewhere");
    a.entry.color = STR("");
    a.entry.msg = STR("unheard");
    memset(a.entry.who, 'e', sizeof a.entry.who);
    append_run(f->store, &one, 1);
    assert_int_equal(a.outcome, APPEND_STORED);
}

void fake_store_more(struct fake_world *f, size_t n)
{
    while (n--)
        store_unheard(f, ENTRY_SEND, 0);
}

void fake_store_removal(struct fake_world *f, int64_t target)
{
    store_unheard(f, ENTRY_REMOVE, target);
}

/* The page of a store that has lost the first entry; all that is left in it stays true. */
static void lose_first(struct page *page)
{
    uint32_t n = page->entries ? page->begins[1] : 0;

    if (!page->entries)
        return;
    page->frames.len -= n;
    memmove(page->frames.data, page->frames.data + n, page->frames.len);
    page->entries--;
    page->first++;
    for (uint32_t i = 0; i <= page->entries; i++)
        page->begins[i] = page->begins[i + 1] - n;
}

/* What a store would have given that has lost the first entry, or gives less than was asked for. */
static void spoil(struct page *page, enum fake_load how)
{
    if (how == LOAD_FAILED)
        page->failed = true;
    if (how == LOAD_EMPTY)
        page->entries = 0;
    if (how == LOAD_WITHOUT_FIRST)
        lose_first(page);
    if (how == LOAD_SHORT && page->entries > 1) {
        page->entries /= 2;
        page->frames.len = page->begins[page->entries];
    }
}

void fake_load_at(struct fake_world *f, size_t i, enum fake_load how)
{
    struct page *page = f->loads[i];

    if (i >= f->loading)
        fail_msg("no such page is under way");
    memmove(f->loads + i, f->loads + i + 1, (--f->loading - i) * sizeof *f->loads);
    page_read(page, f->store);
    spoil(page, how);
    deliver_page_loaded(f->hub, page);
}

void fake_load(struct fake_world *f, enum fake_load how)
{
    fake_load_at(f, 0, how);
}

/* ---- turns ---- */

void fake_flush(struct fake_world *f)
{
    while (hub_flush(f->hub, FAKE_WALK))
        ;
}

void fake_talk(struct fake_socket *s, const char *word, size_t n)
{
    char text[FAKE_TALK + 1];

    memset(text, '.', FAKE_TALK);
    memcpy(text, word, strlen(word));
    text[FAKE_TALK] = '\0';
    while (n--) {
        fake_send(s, text);
        fake_store(s->world, s->world->waiting);
        fake_flush(s->world);
    }
}

static bool wake(struct fake_world *f)
{
    bool any = false;

    for (struct fake_socket *s = f->sockets; s; s = s->next) {
        if (!s->wanted || !s->room || !s->conn)
            continue;
        fake_take(s, s->room);
        any = true;
    }
    return any;
}

void fake_settle(struct fake_world *f)
{
    do {
        fake_store(f, f->waiting);
        fake_flush(f);
        while (f->loading)
            fake_load(f, LOAD_WELL);
        fake_flush(f);
    } while (wake(f) || f->waiting || f->loading);
}

void fake_pass(struct fake_world *f, int64_t ms)
{
    f->mono_ms += ms;
    f->wall_ms += ms;
    hub_tick(f->hub);
    fake_flush(f);
}

struct hub_room *fake_room(const struct fake_world *f)
{
    return hub_find(f->hub, f->row.id);
}

void fake_change(struct fake_world *f, enum visibility visibility, bool new_epoch, bool new_key)
{
    struct log_state log;

    f->row.version++;
    f->row.visibility = visibility;
    f->row.epoch += new_epoch;
    f->row.key[0] = (uint8_t)(f->row.key[0] + new_key);
    assert_int_equal(store_log_state(f->store, f->row.id, f->row.epoch, &log), STORE_OK);
    if (fake_room(f))
        hub_room_changed(f->hub, fake_room(f), &f->row, &log);
}
