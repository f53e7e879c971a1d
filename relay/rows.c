/* SPDX-License-Identifier: MIT
 * Rows of rooms; see rows.h. Each kind of work is a struct that begins with its job: run() fills it on a
 * worker's thread, done() uses and frees it on the loop's.
 */
#include "relay/rows.h"

#include "common/clock.h"
#include "common/logline.h"

enum { PURGE_ROWS = 1000 };

struct errand {
    struct job job;
    struct relay *relay;
    void (*done)(void *arg, bool ok);
    void *arg;
    int64_t room_id;
    uint64_t version;
    const struct store *store; /* whose version it is */
    enum store_result result;
    struct room row;
    struct log_state log;
    bool left;
};

static struct errand *errand_new(struct relay *relay, int64_t room_id)
{
    struct errand *e = calloc(1, sizeof *e);

    if (!e) {
        log_error("out of memory");
        return NULL;
    }
    e->relay = relay;
    e->room_id = room_id;
    return e;
}

static void errand_end(struct errand *e, bool ok)
{
    if (e->done)
        e->done(e->arg, ok);
    free(e);
}

/* ---- clearing away ---- */

static void purge_run(struct job *job, struct store *store)
{
    struct errand *e = (struct errand *)job;

    e->result = store_log_purge(store, e->room_id, PURGE_ROWS, &e->left);
}

static void purge_done(struct job *job)
{
    struct errand *e = (struct errand *)job;

    if (e->result == STORE_OK && e->left && !hub_is_deaf(e->relay->hub)) {
        workers_write(e->relay->workers, job); /* behind what has come meanwhile */
        return;
    }
    if (e->result != STORE_OK)
        log_warn("room=%lld: its log could not be cleared away; the next start tries again",
                 (long long)e->room_id);
    errand_end(e, e->result == STORE_OK);
}

static void purge(struct relay *relay, int64_t room_id)
{
    struct errand *e =
        hub_is_deaf(relay->hub) ? NULL : errand_new(relay, room_id); /* else the next start does it */

    if (!e)
        return;
    e->job.run = purge_run;
    e->job.done = purge_done;
    workers_write(relay->workers, &e->job);
}

static void sweep_run(struct job *job, struct store *store)
{
    struct errand *e = (struct errand *)job;

    e->result = store_log_orphan(store, e->room_id, &e->room_id);
}

static void sweep_done(struct job *job)
{
    struct errand *e = (struct errand *)job;

    if (e->result == STORE_OK && !hub_is_deaf(e->relay->hub)) {
        purge(e->relay, e->room_id);
        workers_read(e->relay->workers, job);
        return;
    }
    errand_end(e, true);
}

void rows_sweep(struct relay *relay)
{
    struct errand *e = errand_new(relay, 0);

    if (!e)
        return;
    e->job.run = sweep_run;
    e->job.done = sweep_done;
    workers_read(relay->workers, &e->job);
}

/* ---- one row ---- */

static void refresh_run(struct job *job, struct store *store)
{
    struct errand *e = (struct errand *)job;

    e->result = store_room_get(store, e->room_id, &e->row);
    if (e->result == STORE_OK)
        e->result = store_log_state(store, e->room_id, e->row.epoch, &e->log);
}

static void refresh_done(struct job *job)
{
    struct errand *e = (struct errand *)job;
    struct hub *hub = e->relay->hub;
    struct hub_room *room = hub_find(hub, e->room_id);

    if (e->result == STORE_NONE) {
        hub_room_gone(hub, e->room_id);
        purge(e->relay, e->room_id);
    } else if (e->result == STORE_OK && room) {
        hub_room_changed(hub, room, &e->row, &e->log);
    } else if (e->result == STORE_OK) {
        hub_row_changed(hub); /* somebody at the door may have been shown an older one */
    }
    errand_end(e, e->result == STORE_OK || e->result == STORE_NONE);
}

void rows_refresh(struct relay *relay, int64_t room_id, void (*done)(void *arg, bool ok), void *arg)
{
    struct errand *e = errand_new(relay, room_id);

    if (!e) {
        if (done)
            done(arg, false);
        return;
    }
    e->done = done;
    e->arg = arg;
    e->job.run = refresh_run;
    e->job.done = refresh_done;
    workers_read(relay->workers, &e->job);
}

/* ---- all rows ---- */

static void poll_run(struct job *job, struct store *store)
{
    struct errand *e = (struct errand *)job;

    e->result = store_rooms_version(store, &e->version);
    e->store = store;
}

/* All live rooms: only those whose row has another version, or is gone, are read whole. */
struct census {
    struct job job;
    struct relay *relay;
    size_t n;
    struct hub_version room[];
};

static void census_run(struct job *job, struct store *store)
{
    struct census *c = (struct census *)job;
    struct room row;
    enum store_result r;

    for (size_t i = 0; i < c->n; i++) {
        r = store_room_get(store, c->room[i].id, &row);
        if (r != STORE_NONE && (r != STORE_OK || row.version == c->room[i].version))
            c->room[i].id = 0;
    }
}

static void census_done(struct job *job)
{
    struct census *c = (struct census *)job;

    for (size_t i = 0; i < c->n; i++)
        if (c->room[i].id && !hub_is_deaf(c->relay->hub))
            rows_refresh(c->relay, c->room[i].id, NULL, NULL);
    free(c);
}

static void refresh_all(struct relay *relay)
{
    size_t n = hub_counts(relay->hub).rooms;
    struct census *c = calloc(1, sizeof *c + n * sizeof *c->room);

    if (!c) {
        log_error("out of memory");
        return;
    }
    c->job.run = census_run;
    c->job.done = census_done;
    c->relay = relay;
    c->n = hub_versions(relay->hub, c->room, n);
    workers_read(relay->workers, &c->job);
}

/* Whether a handle has another version than when it was asked last: versions of two handles do not compare. */
static bool is_news(struct relay *relay, const struct store *store, uint64_t version)
{
    struct rooms_seen *seen = relay->rooms_seen;

    while (seen->store && seen->store != store)
        seen++;
    if (seen->store && seen->version == version)
        return false;
    *seen = (struct rooms_seen){ store, version };
    return true;
}

static void poll_done(struct job *job)
{
    struct errand *e = (struct errand *)job;
    struct relay *relay = e->relay;

    relay->polling = false;
    if (e->result == STORE_OK && is_news(relay, e->store, e->version) && !hub_is_deaf(relay->hub)) {
        hub_row_changed(relay->hub);
        refresh_all(relay);
    }
    errand_end(e, true);
}

/* Not by the writer: a lock on rooms.db must not hold up what is written to logs. */
void rows_poll(struct relay *relay)
{
    struct errand *e = relay->polling ? NULL : errand_new(relay, 0);

    if (!e)
        return;
    relay->polling = true;
    e->job.run = poll_run;
    e->job.done = poll_done;
    workers_read(relay->workers, &e->job);
}

/* ---- the rooms of the settings ---- */

static void preset_one(struct relay *relay, struct store *store, struct str line)
{
    struct room_input in = { 0 };
    struct room room = { 0 };
    struct str field = { 0 };
    bool password;

    str_next(&line, '|', &in.title);
    str_next(&line, '|', &in.visibility);
    in.description = line.p ? line : STR("");
    if (room_apply(&room, &in, true, relay->settings.hidden_rooms == HIDDEN_SECRET, &password, &field) !=
        ERR_OK) {
        log_warn("setting room: `%.*s` cannot be made", (int)in.title.n, in.title.p);
        return;
    }
    room_init(&room, clock_wall_ms());
    if (store_room_add(store, &room, relay->settings.rooms_max) == STORE_OK)
        log_info("room=%lld was made: it is named in the settings", (long long)room.id);
}

void rows_preset(struct relay *relay)
{
    struct store *store = NULL;
    struct buf why = { 0 };

    if (relay->settings.room.n && store_open(&store, relay->settings.store, STORE_READER, &why) != STORE_OK)
        log_warn("%s", why.data ? why.data : "store");
    for (size_t i = 0; store && i < relay->settings.room.n; i++)
        preset_one(relay, store, str_of(relay->settings.room.item[i]));
    store_close(store);
    buf_free(&why);
}
