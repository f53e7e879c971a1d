/* SPDX-License-Identifier: MIT
 * The table of live rooms, their members, and entries on their way to the store and back; see hub.h.
 */
#include "relay/hub.h"

#include "common/event.h"
#include "relay/commands.h"
#include "relay/deliver.h"
#include "relay/tally.h"

enum { BUCKETS = 1 << 14 };

struct hub {
    const struct world *world;
    struct hub_limits limits;
    struct hub_counts counts;
    struct hub_lists lists;
    uint64_t cid_chance; /* of this process: two relays never make the same cid */
    uint32_t cid_counter;
    uint64_t row_changes;
    struct tally from; /* sockets by address */
    bool deaf;
    struct hub_room *bucket[BUCKETS];
};

struct hub *hub_new(const struct world *world, const struct hub_limits *limits)
{
    struct hub *h = calloc(1, sizeof *h);

    if (!h)
        return NULL;
    h->world = world;
    h->limits = *limits;
    h->lists = (struct hub_lists){
        .dirty_end = &h->lists.dirty,
        .budget = { .room_max = limits->window_size, .total_max = limits->window_total },
        .json = json_reader_new(),
    };
    world->chance(world->self, &h->cid_chance, sizeof h->cid_chance);
    if (!h->lists.json) {
        free(h);
        return NULL;
    }
    return h;
}

const struct world *hub_world(const struct hub *h)
{
    return h->world;
}

const struct hub_limits *hub_limits(const struct hub *h)
{
    return &h->limits;
}

struct hub_counts hub_counts(const struct hub *h)
{
    return h->counts;
}

struct hub_lists *hub_lists(struct hub *h)
{
    return &h->lists;
}

void hub_count_people(struct hub *h, int by)
{
    h->counts.people += (size_t)by;
}

/* ---- rooms ---- */

static size_t bucket_of(int64_t room_id)
{
    return (uint64_t)room_id * UINT64_C(0x9e3779b97f4a7c15) >> 50; /* the upper 14 bits: BUCKETS */
}

static struct hub_room **slot_of(struct hub *h, int64_t room_id)
{
    return &h->bucket[bucket_of(room_id)];
}

struct hub_room *hub_find(const struct hub *h, int64_t room_id)
{
    struct hub_room *room = h->bucket[bucket_of(room_id)];

    while (room && room->id != room_id)
        room = room->next;
    return room;
}

static void take_row(struct hub_room *room, const struct room *row)
{
    room->epoch = row->epoch;
    room->version = row->version;
    room->visibility = row->visibility;
    memcpy(room->key, row->key, sizeof room->key);
}

struct hub_room *hub_room(struct hub *h, const struct room *row, const struct log_state *log)
{
    struct hub_room *room = hub_find(h, row->id), **slot;

    if (room)
        return room;
    room = calloc(1, sizeof *room);
    if (!room)
        return NULL;
    slot = slot_of(h, row->id);
    *room = (struct hub_room){ .id = row->id, .next = *slot };
    take_row(room, row);
    room->first_end_s = INT64_MAX;
    window_init(&room->window, log->head + 1);
    room->due = window_end(&room->window);
    *slot = room;
    h->counts.rooms++;
    return room;
}

static void room_free(struct hub *h, struct hub_room *room)
{
    struct hub_room **at = slot_of(h, room->id);

    while (*at != room)
        at = &(*at)->next;
    *at = room->next;
    window_free(&room->window, &h->lists.budget);
    presence_free(&room->presence);
    free(room->member);
    free(room);
    h->counts.rooms--;
}

void hub_release(struct hub *h, struct hub_room *room)
{
    if (!room->members && !room->pending && !room->pages && !room->dirty)
        room_free(h, room);
}

void hub_free(struct hub *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (h->bucket[i])
            room_free(h, h->bucket[i]);
    json_reader_free(h->lists.json);
    buf_free(&h->lists.scratch);
    tally_free(&h->from);
    free(h);
}

void hub_room_changed(struct hub *h, struct hub_room *room, const struct room *row,
                      const struct log_state *log)
{
    bool new_key = memcmp(room->key, row->key, sizeof room->key) != 0;
    bool cut = room->epoch != row->epoch;

    if (row->version <= room->version)
        return;
    for (uint32_t i = 0; i < room->members; i++) {
        struct conn *c = room->member[i].conn;

        if (c->name ? new_key : row->visibility != ROOM_PUBLIC)
            conn_close_later(c, CLOSE_POLICY);
        else if (cut) /* what it has is of a log that is over */
            conn_close_later(c, CLOSE_RESTART);
    }
    if (cut)
        deliver_restart(h, room, log->head + 1);
    deliver_goodbyes(h);
    take_row(room, row);
}

void hub_room_gone(struct hub *h, int64_t room_id)
{
    struct hub_room *room = hub_find(h, room_id);

    h->row_changes++;
    for (uint32_t i = 0; room && i < room->members; i++)
        conn_close_later(room->member[i].conn, CLOSE_GOING_AWAY);
    deliver_goodbyes(h);
}

void hub_row_changed(struct hub *h)
{
    h->row_changes++;
}

uint64_t hub_row_changes(const struct hub *h)
{
    return h->row_changes;
}

size_t hub_versions(const struct hub *h, struct hub_version *out, size_t n)
{
    size_t given = 0;

    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct hub_room *room = h->bucket[i]; room && given < n; room = room->next)
            out[given++] = (struct hub_version){ room->id, room->version };
    return given;
}

/* ---- members ---- */

bool hub_add(struct hub *h, struct hub_room *room, struct conn *c, void *socket)
{
    if (room->members == room->members_size) {
        uint32_t size = room->members_size ? 2 * room->members_size : 4;
        struct member *grown = realloc(room->member, size * sizeof *grown);

        if (!grown)
            return false;
        room->member = grown;
        room->members_size = size;
    }
    if (c->from && !tally_add(&h->from, c->from))
        return false;
    c->room = room;
    c->socket = socket;
    c->at = room->members++;
    if (c->ends_s && c->ends_s < room->first_end_s)
        room->first_end_s = c->ends_s;
    room->member[c->at] = (struct member){ .conn = c, .socket = socket, .cursor = window_end(&room->window) };
    h->counts.sockets++;
    return true;
}

void hub_remove(struct hub *h, struct conn *c)
{
    struct hub_room *room = c->room;

    room->member[c->at] = room->member[--room->members];
    room->member[c->at].conn->at = c->at;
    h->counts.sockets--;
    if (c->from)
        tally_take(&h->from, c->from);
}

uint32_t hub_from(const struct hub *h, uint64_t from)
{
    return from ? tally_count(&h->from, from) : 0;
}

void hub_deafen(struct hub *h)
{
    h->deaf = true;
}

bool hub_is_deaf(const struct hub *h)
{
    return h->deaf;
}

void hub_close_all(struct hub *h, uint16_t code)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct hub_room *room = h->bucket[i]; room; room = room->next)
            for (uint32_t k = 0; k < room->members; k++)
                conn_close_later(room->member[k].conn, code);
}

/* ---- entries on their way ---- */

/* Names an entry that its author did not name, so that it can be looked up: "." (no client's cid has one),
 * nine characters of time, so that the store's index is filled in order, and what makes it the only one. */
static struct str make_cid(struct hub *h, char out[ENTRY_CID_MAX])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    uint64_t parts[] = { (uint64_t)h->world->wall_ms(h->world->self), h->cid_counter++, h->cid_chance };
    const int widths[] = { 9, 4, 9 };
    size_t n = 1;

    out[0] = '.';
    for (size_t i = 0; i < 3; i++) {
        for (int k = widths[i] - 1; k >= 0; k--, parts[i] >>= 5)
            out[n + (size_t)k] = digits[parts[i] & 31];
        n += (size_t)widths[i];
    }
    return (struct str){ out, n };
}

struct pending *hub_pending(struct hub *h, struct conn *c, struct str color, struct str msg)
{
    const struct person *who = c->person;
    char cid_text[ENTRY_CID_MAX];
    struct str cid = make_cid(h, cid_text);
    size_t bytes = sizeof(struct pending) + cid.n + who->name.n + color.n + msg.n;
    struct pending *p = malloc(bytes);
    char *at;

    if (!p)
        return NULL;
    *p = (struct pending){
        .append = { .entry = { .room_id = c->room->id,
                               .epoch = c->room->epoch,
                               .time_ms = h->world->wall_ms(h->world->self),
                               .kind = ENTRY_SEND,
                               .verified = who->verified } },
        .conn = c,
        .room = c->room,
        .queued_ms = h->world->mono_ms(h->world->self),
        .bytes = bytes,
    };
    at = p->text;
    p->append.entry.cid = str_put(&at, cid);
    p->append.entry.name = str_put(&at, who->name);
    p->append.entry.color = str_put(&at, color);
    p->append.entry.msg = str_put(&at, msg);
    memcpy(p->append.entry.person, who->id, sizeof who->id);
    memcpy(p->append.entry.who, who->who, sizeof who->who);
    return p;
}

/* To the writer; whose it is is not read while it has too many there. */
static void hand_over(struct hub *h, struct pending *p)
{
    struct conn *c = p->conn;

    h->counts.pending += p->bytes;
    p->room->pending++;
    if (c && ++c->pending >= h->limits.pending_per_socket && !c->deaf) {
        c->deaf = true;
        h->world->read(c->socket, false);
    }
    h->world->append(h->world->self, p);
}

bool hub_append(struct hub *h, struct pending *p)
{
    if (h->counts.pending + p->bytes > h->limits.pending_max) {
        free(p);
        return false;
    }
    hand_over(h, p);
    return true;
}

void hub_news(struct hub *h, struct conn *c, struct str frame)
{
    struct hub_room *room = c->room;
    struct pending *p = room->pending ? malloc(sizeof *p + frame.n) : NULL;

    if (!p) {
        deliver_post(h, room, frame, 0);
        return;
    }
    *p = (struct pending){ .news = { p->text, frame.n }, .conn = c->closing ? NULL : c, .room = room };
    memcpy(p->text, frame.p, frame.n);
    hand_over(h, p);
}

/* Tells everyone in the room of an entry that is stored. */
static void post_entry(struct hub *h, struct hub_room *room, struct append *a)
{
    struct buf *b = &h->lists.scratch;
    struct event_out ev;
    size_t payload;

    if (a->at.epoch != room->epoch) /* the room was opened meanwhile: it is not for who is there now */
        return;
    a->entry.seq = a->at.seq;
    if (!event_of_entry(&ev, &a->entry))
        return;
    buf_clear(b);
    payload = event_frame_begin(b);
    event_json(b, &ev);
    if (buf_ok(b))
        deliver_post(h, room, event_frame_end(b, payload), a->at.seq);
    else /* they would miss it: let them come back and read it from the store */
        for (uint32_t i = 0; i < room->members; i++)
            conn_close_later(room->member[i].conn, CLOSE_RESTART);
}

void hub_appended(struct hub *h, struct pending *p)
{
    struct hub_room *room = p->room;
    struct conn *c = p->conn;

    if (p->news.p)
        deliver_post(h, room, p->news, 0);
    else if (p->append.outcome == APPEND_STORED)
        post_entry(h, room, &p->append);
    else if (c->room)
        conn_say_error(c, ERR_UNAVAILABLE, (struct str){ 0 });
    h->counts.pending -= p->bytes;
    room->pending--;
    if (c) {
        c->pending--;
        conn_settled(c);
    }
    hub_release(h, room);
    free(p);
}

/* ---- turns ---- */

/* Ends the connections of a room whose token may be renewed no more. */
static void end_aged(struct hub *h, struct hub_room *room)
{
    int64_t now = h->world->wall_ms(h->world->self) / 1000, first = INT64_MAX;

    for (uint32_t i = 0; i < room->members; i++) {
        struct conn *c = room->member[i].conn;

        if (c->ends_s && c->ends_s <= now)
            conn_close_later(c, CLOSE_POLICY);
        else if (c->ends_s && c->ends_s < first)
            first = c->ends_s;
    }
    room->first_end_s = first;
}

bool hub_flush(struct hub *h, unsigned most)
{
    return deliver_walk(h, most);
}

/* Who was told to close is no more in the room, though its machine may sleep and not answer yet. */
static void end_told(struct hub *h)
{
    for (struct conn *c = h->lists.leaving; c && !h->deaf; c = c->next_behind)
        if (c->person)
            command_gone(h, c);
}

void hub_tick(struct hub *h)
{
    int64_t now = h->world->wall_ms(h->world->self) / 1000;

    end_told(h);
    deliver_stalled(h);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct hub_room *room = h->bucket[i]; room; room = room->next) {
            if (room->first_end_s <= now)
                end_aged(h, room);
            deliver_idle(h, room);
        }
}
