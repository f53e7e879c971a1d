/* SPDX-License-Identifier: MIT
 * The fake store: lists that are searched from end to end, one lock around every call. As plain as can be,
 * since other tests trust it. Running out of memory ends the test program.
 */
#include "tests/unit/store_fake.h"

#include <pthread.h>

#include "common/store_ops.h"

struct store_fake {
    pthread_mutex_t lock;
    struct store_fake_knobs knobs;
    struct room *room; /* in order of making */
    size_t rooms;
    int64_t last_order;
    uint64_t version;
    struct entry **entry; /* in order of coming; each with its texts in one piece of memory */
    size_t entries;
    size_t foreign; /* entries of the other relay so far */
};

struct fake_handle {
    struct store base;
    struct store_fake *fake;
    enum store_use use;
};

enum need { TO_READ, TO_CHANGE_ROOMS, TO_CHANGE_LOGS };

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

/* Locks the store. Anything but STORE_OK is the answer of this call. */
static enum store_result enter(struct store *s, enum need need, struct store_fake **f)
{
    struct fake_handle *h = (struct fake_handle *)s;
    struct store_fake_knobs *k = &h->fake->knobs;

    *f = h->fake;
    pthread_mutex_lock(&h->fake->lock);
    if (need == TO_CHANGE_LOGS && h->use != STORE_WRITER)
        return STORE_DOWN;
    if (!k->refuse || (need == TO_READ && k->refuse_with != STORE_DOWN))
        return STORE_OK;
    k->refuse--;
    return k->refuse_with;
}

/* Unlocks it and says what the caller is told. */
static enum store_result leave(struct store_fake *f, enum need need, enum store_result r)
{
    if (need != TO_READ && r == STORE_OK && f->knobs.lose) {
        f->knobs.lose--;
        r = STORE_UNKNOWN;
    }
    pthread_mutex_unlock(&f->lock);
    return r;
}

/* ---- rooms ---- */

static struct room *room_of(struct store_fake *f, int64_t id)
{
    for (size_t i = 0; i < f->rooms; i++)
        if (f->room[i].id == id)
            return &f->room[i];
    return NULL;
}

static struct room *room_titled(struct store_fake *f, struct str key)
{
    for (size_t i = 0; key.n && i < f->rooms; i++)
        if (str_same(str_of(f->room[i].title_key), key))
            return &f->room[i];
    return NULL;
}

static enum store_result fake_ping(struct store *s)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_READ, &f);

    return leave(f, TO_READ, r);
}

static enum store_result add_room(struct store_fake *f, struct room *room, int64_t rooms_max)
{
    if (f->rooms >= (size_t)(rooms_max > 0 ? rooms_max : 0))
        return STORE_LIMIT;
    if (room_titled(f, str_of(room->title_key)) || (room->id && room_of(f, room->id)))
        return STORE_TAKEN;
    room->order = ++f->last_order;
    room->id = room->id ? room->id : room->order;
    room->version = 1;
    f->room = must(realloc(f->room, (f->rooms + 1) * sizeof *f->room));
    f->room[f->rooms++] = *room;
    f->version++;
    return STORE_OK;
}

static enum store_result fake_room_add(struct store *s, struct room *room, int64_t rooms_max)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_CHANGE_ROOMS, &f);

    if (r == STORE_OK)
        r = add_room(f, room, rooms_max);
    return leave(f, TO_CHANGE_ROOMS, r);
}

static enum store_result give_room(const struct room *found, struct room *out)
{
    if (!found)
        return STORE_NONE;
    *out = *found;
    return STORE_OK;
}

static enum store_result fake_room_get(struct store *s, int64_t id, struct room *out)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_READ, &f);

    if (r == STORE_OK)
        r = give_room(room_of(f, id), out);
    return leave(f, TO_READ, r);
}

static enum store_result fake_room_find(struct store *s, struct str title_key, struct room *out)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_READ, &f);

    if (r == STORE_OK)
        r = give_room(room_titled(f, title_key), out);
    return leave(f, TO_READ, r);
}

static enum store_result update_room(struct store_fake *f, struct room *room)
{
    struct room *old = room_of(f, room->id), *titled = room_titled(f, str_of(room->title_key));
    int64_t order = old ? old->order : 0;

    if (!old)
        return STORE_NONE;
    if (old->version != room->version)
        return STORE_CHANGED;
    if (titled && titled != old)
        return STORE_TAKEN;
    room->version++;
    *old = *room;
    old->order = order;
    f->version++;
    return STORE_OK;
}

static enum store_result fake_room_update(struct store *s, struct room *room)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_CHANGE_ROOMS, &f);

    if (r == STORE_OK)
        r = update_room(f, room);
    return leave(f, TO_CHANGE_ROOMS, r);
}

static enum store_result fake_room_remove(struct store *s, int64_t id)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_CHANGE_ROOMS, &f);
    struct room *room = room_of(f, id);

    if (r == STORE_OK && !room)
        r = STORE_NONE;
    if (r == STORE_OK) {
        memmove(room, room + 1, (size_t)(f->room + f->rooms - (room + 1)) * sizeof *room);
        f->rooms--;
        f->version++;
    }
    return leave(f, TO_CHANGE_ROOMS, r);
}

static bool listed(const struct room *room, const struct room_query *q)
{
    if ((room->visibility == ROOM_HIDDEN && !q->hidden) ||
        (q->before_order && room->order >= q->before_order))
        return false;
    return q->words.n == 0 ||
           memmem(room->title_key, strlen(room->title_key), q->words.p, q->words.n) != NULL;
}

static enum store_result fake_room_list(struct store *s, const struct room_query *q, struct room_list *out)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_READ, &f);

    out->room = must(calloc(f->rooms + 1, sizeof *out->room));
    for (size_t i = f->rooms; r == STORE_OK && i-- > 0 && out->n < q->limit;) {
        struct room *room = &out->room[out->n];

        if (!listed(&f->room[i], q))
            continue;
        *room = f->room[i];
        memset(room->password, 0, sizeof room->password);
        memset(room->key, 0, sizeof room->key);
        memset(room->owner, 0, sizeof room->owner);
        out->n++;
    }
    return leave(f, TO_READ, r);
}

static enum store_result fake_rooms_version(struct store *s, uint64_t *version)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_READ, &f);

    *version = f->version;
    return leave(f, TO_READ, r);
}

/* ---- logs ---- */

static struct log_state state_of(struct store_fake *f, int64_t room_id, uint64_t epoch)
{
    struct log_state log = { .epoch = epoch };

    for (size_t i = 0; i < f->entries; i++) {
        const struct entry *e = f->entry[i];

        if (e->room_id != room_id || e->epoch != epoch)
            continue;
        log.first = log.head ? log.first : e->seq;
        log.head = e->seq;
    }
    if (!log.head)
        log.first = 1;
    return log;
}

static struct entry *entry_at(struct store_fake *f, int64_t room_id, uint64_t epoch, int64_t seq)
{
    for (size_t i = 0; i < f->entries; i++)
        if (f->entry[i]->room_id == room_id && f->entry[i]->epoch == epoch && f->entry[i]->seq == seq)
            return f->entry[i];
    return NULL;
}

static struct entry *entry_with(struct store_fake *f, int64_t room_id, struct str cid)
{
    for (size_t i = 0; i < f->entries; i++)
        if (f->entry[i]->room_id == room_id && str_same(f->entry[i]->cid, cid))
            return f->entry[i];
    return NULL;
}

static struct str keep(char **at, struct str s)
{
    struct str kept = { *at, s.n };

    if (s.n)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return kept;
}

static void put_entry(struct store_fake *f, const struct entry *e)
{
    struct entry *kept = must(malloc(sizeof *kept + e->cid.n + e->name.n + e->color.n + e->msg.n));
    char *at = (char *)(kept + 1);

    *kept = *e;
    kept->cid = keep(&at, e->cid);
    kept->name = keep(&at, e->name);
    kept->color = keep(&at, e->color);
    kept->msg = keep(&at, e->msg);
    f->entry = must(realloc(f->entry, (f->entries + 1) * sizeof(struct entry *)));
    f->entry[f->entries++] = kept;
}

/* Somebody else's entries come first: what the next append asks for is taken. */
static void foreign_come(struct store_fake *f, const struct append *a)
{
    struct log_state log = state_of(f, a->entry.room_id, a->entry.epoch);
    char cid[ENTRY_CID_MAX];

    for (; f->knobs.foreign; f->knobs.foreign--) {
        struct entry e = { .room_id = a->entry.room_id, .epoch = log.epoch, .seq = ++log.head };

        snprintf(cid, sizeof cid, ".foreign-%08zu", ++f->foreign);
        memset(e.person, 0xff, sizeof e.person);
        memset(e.who, 'f', sizeof e.who);
        e.kind = ENTRY_SEND;
        e.time_ms = a->entry.time_ms;
        e.cid = str_of(cid);
        e.name = STR("foreign");
        e.msg = STR("by another relay");
        put_entry(f, &e);
    }
}

static enum append_outcome compare(const struct entry *old, const struct entry *e)
{
    bool same = old->kind == e->kind && old->target == e->target &&
                !memcmp(old->person, e->person, sizeof e->person) &&
                (old->removed || str_same(old->msg, e->msg));

    return same ? APPEND_DUP : APPEND_OTHER;
}

static bool failed_before(struct append *const *list, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (list[k]->entry.room_id == list[i]->entry.room_id && list[k]->outcome != APPEND_STORED)
            return true;
    return false;
}

static enum append_outcome append_one(struct store_fake *f, struct append *a)
{
    const struct entry *e = &a->entry, *old = entry_with(f, e->room_id, e->cid);
    struct log_state log = state_of(f, e->room_id, e->epoch);
    struct entry *target;

    a->at = old ? (struct log_place){ old->epoch, old->seq } : (struct log_place){ log.epoch, log.head };
    if (old) {
        a->time_ms = old->time_ms;
        return compare(old, e);
    }
    if (e->seq != log.head + 1)
        return APPEND_CONFLICT;
    if (e->kind == ENTRY_REMOVE) {
        target = entry_at(f, e->room_id, e->epoch, e->target);
        if (!target || target->kind != ENTRY_SEND || target->removed)
            return APPEND_NO_TARGET;
        target->removed = true;
        target->name.n = target->color.n = target->msg.n = 0;
    }
    put_entry(f, e);
    a->at.seq = e->seq;
    return APPEND_STORED;
}

static enum append_outcome refusal(enum store_result r)
{
    return r == STORE_FULL ? APPEND_FULL : r == STORE_UNKNOWN ? APPEND_UNKNOWN : APPEND_DOWN;
}

static void fake_append(struct store *s, struct append *const *list, size_t n)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_CHANGE_LOGS, &f);
    struct store_fake_knobs *k = &f->knobs;
    enum append_outcome rest = r == STORE_OK ? k->rest : refusal(r);
    size_t tried = r != STORE_OK ? 0 : k->cut_short && k->prefix < n ? k->prefix : n;

    if (r == STORE_OK && n)
        foreign_come(f, list[0]);
    for (size_t i = 0; i < tried; i++)
        list[i]->outcome = failed_before(list, i) ? APPEND_NOT_TRIED : append_one(f, list[i]);
    for (size_t i = tried; i < n; i++)
        list[i]->outcome = rest;
    if (r == STORE_OK)
        k->cut_short = false;
    if (leave(f, TO_CHANGE_LOGS, r) != STORE_UNKNOWN)
        return;
    for (size_t i = 0; i < tried; i++)
        if (list[i]->outcome == APPEND_STORED)
            list[i]->outcome = APPEND_UNKNOWN;
}

static enum store_result fake_log_state(struct store *s, int64_t room_id, uint64_t epoch,
                                        struct log_state *out)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_READ, &f);

    if (r == STORE_OK)
        *out = state_of(f, room_id, epoch);
    return leave(f, TO_READ, r);
}

static bool in_page(const struct entry *e, const struct log_query *q)
{
    return e->room_id == q->room_id && e->epoch == q->epoch && e->seq > q->after &&
           (!q->before || e->seq < q->before);
}

static enum store_result fake_log_page(struct store *s, const struct log_query *q, struct log_page *out)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_READ, &f);
    size_t fit = 0, skip;

    out->log = state_of(f, q->room_id, q->epoch);
    for (size_t i = 0; i < f->entries; i++)
        fit += in_page(f->entry[i], q);
    skip = fit > q->limit && (q->before || !q->after) ? fit - q->limit : 0;
    for (size_t i = 0; r == STORE_OK && i < f->entries && out->n < q->limit; i++) {
        if (!in_page(f->entry[i], q))
            continue;
        if (skip)
            skip--;
        else if (!log_page_add(out, f->entry[i]))
            abort();
    }
    return leave(f, TO_READ, r);
}

static enum store_result fake_log_cid(struct store *s, int64_t room_id, struct str cid, struct log_page *out)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_READ, &f);
    const struct entry *e = entry_with(f, room_id, cid);

    if (r == STORE_OK && !e)
        r = STORE_NONE;
    if (r == STORE_OK && !log_page_add(out, e))
        abort();
    return leave(f, TO_READ, r);
}

static bool purge(struct store_fake *f, int64_t room_id, size_t most)
{
    size_t kept = 0, left = 0;

    for (size_t i = 0; i < f->entries; i++) {
        bool ours = f->entry[i]->room_id == room_id;

        if (ours && most) {
            free(f->entry[i]);
            most--;
            continue;
        }
        left += ours;
        f->entry[kept++] = f->entry[i];
    }
    f->entries = kept;
    return left > 0;
}

static enum store_result fake_log_purge(struct store *s, int64_t room_id, size_t most, bool *left)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_CHANGE_LOGS, &f);

    if (r == STORE_OK)
        *left = purge(f, room_id, most);
    return leave(f, TO_CHANGE_LOGS, r);
}

static void lower(struct store_fake *f, int64_t id, int64_t after, int64_t *lowest)
{
    if (id > after && (!*lowest || id < *lowest) && !room_of(f, id))
        *lowest = id;
}

static enum store_result fake_log_orphan(struct store *s, int64_t after, int64_t *room_id)
{
    struct store_fake *f;
    enum store_result r = enter(s, TO_READ, &f);

    *room_id = 0;
    for (size_t i = 0; i < f->entries; i++)
        lower(f, f->entry[i]->room_id, after, room_id);
    if (r == STORE_OK && !*room_id)
        r = STORE_NONE;
    return leave(f, TO_READ, r);
}

static void fake_close(struct store *s)
{
    free(s);
}

static const struct store_ops ops = {
    .close = fake_close,
    .ping = fake_ping,
    .room_add = fake_room_add,
    .room_get = fake_room_get,
    .room_find = fake_room_find,
    .room_update = fake_room_update,
    .room_remove = fake_room_remove,
    .room_list = fake_room_list,
    .rooms_version = fake_rooms_version,
    .append = fake_append,
    .log_state = fake_log_state,
    .log_page = fake_log_page,
    .log_cid = fake_log_cid,
    .log_purge = fake_log_purge,
    .log_orphan = fake_log_orphan,
};

/* ---- the store itself ---- */

struct store_fake *store_fake_new(void)
{
    struct store_fake *f = must(calloc(1, sizeof *f));

    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void store_fake_free(struct store_fake *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->entries; i++)
        free(f->entry[i]);
    free(f->entry);
    free(f->room);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

struct store *store_fake_open(struct store_fake *f, enum store_use use)
{
    struct fake_handle *h = must(calloc(1, sizeof *h));

    *h = (struct fake_handle){ .base.ops = &ops, .fake = f, .use = use };
    return &h->base;
}

void store_fake_set(struct store_fake *f, struct store_fake_knobs knobs)
{
    pthread_mutex_lock(&f->lock);
    f->knobs = knobs;
    pthread_mutex_unlock(&f->lock);
}

struct store_fake_knobs store_fake_left(struct store_fake *f)
{
    struct store_fake_knobs knobs;

    pthread_mutex_lock(&f->lock);
    knobs = f->knobs;
    pthread_mutex_unlock(&f->lock);
    return knobs;
}
