/* SPDX-License-Identifier: MIT
 * rooms.db: the rows of rooms. Every change is one immediate transaction, so two programs never read the same
 * version and both write it.
 */
#include "common/store_sqlite.h"

/* The order of the columns in sql/rooms.sql. */
enum {
    R_N,
    R_ID,
    R_VERSION,
    R_TITLE,
    R_TITLE_KEY,
    R_DESCRIPTION,
    R_VISIBILITY,
    R_PASSWORD,
    R_KEY,
    R_OWNER,
    R_EPOCH,
    R_CREATED,
    R_UPDATED
};

static bool read_blob(sqlite3_stmt *st, int column, uint8_t *out, size_t n)
{
    const void *p = sqlite3_column_blob(st, column);

    if (!p || (size_t)sqlite3_column_bytes(st, column) != n)
        return false;
    memcpy(out, p, n);
    return true;
}

/* False for a row that no version of ours can have written. */
static bool read_row(sqlite3_stmt *st, struct room *r)
{
    int visibility = sqlite3_column_int(st, R_VISIBILITY);

    *r = (struct room){
        .id = sqlite3_column_int64(st, R_ID),
        .order = sqlite3_column_int64(st, R_N),
        .version = sqlite3_column_int64(st, R_VERSION),
        .visibility = (enum visibility)visibility,
        .owned = sqlite3_column_type(st, R_OWNER) != SQLITE_NULL,
        .epoch = (uint64_t)sqlite3_column_int64(st, R_EPOCH),
        .created_ms = sqlite3_column_int64(st, R_CREATED),
        .updated_ms = sqlite3_column_int64(st, R_UPDATED),
    };
    return visibility >= ROOM_PUBLIC && visibility <= ROOM_HIDDEN &&
           str_copy(r->title, sizeof r->title, sqlite_str(st, R_TITLE)) &&
           str_copy(r->title_key, sizeof r->title_key, sqlite_str(st, R_TITLE_KEY)) &&
           str_copy(r->description, sizeof r->description, sqlite_str(st, R_DESCRIPTION)) &&
           str_copy(r->password, sizeof r->password, sqlite_str(st, R_PASSWORD)) &&
           read_blob(st, R_KEY, r->key, sizeof r->key) &&
           (!r->owned || read_blob(st, R_OWNER, r->owner, sizeof r->owner));
}

/* The row that a statement finds; it is reset afterwards. */
static enum store_result one_room(sqlite3_stmt *st, struct room *out)
{
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    enum store_result r = rc == SQLITE_DONE ? STORE_NONE : sqlite_failed(rc);

    if (rc == SQLITE_ROW)
        r = read_row(st, out) ? STORE_OK : STORE_DOWN;
    if (st)
        sqlite3_reset(st);
    return r;
}

enum store_result sqlite_room_get(struct store *base, int64_t id, struct room *out)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    sqlite3_stmt *st = sqlite_stmt(s, SQL_ROOMS_GET);

    if (st)
        sqlite3_bind_int64(st, 1, id);
    return one_room(st, out);
}

enum store_result sqlite_room_find(struct store *base, struct str title_key, struct room *out)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    sqlite3_stmt *st = sqlite_stmt(s, SQL_ROOMS_FIND);

    if (st)
        sqlite_bind_str(st, 1, title_key);
    return one_room(st, out);
}

/* ?1 to ?11 of ADD and UPDATE, as far as they are the same. */
static void bind_room(sqlite3_stmt *st, const struct room *r, int first)
{
    int i = first;

    sqlite_bind_str(st, i++, str_of(r->title));
    if (r->title_key[0])
        sqlite_bind_str(st, i, str_of(r->title_key));
    i++; /* unbound is NULL */
    sqlite_bind_str(st, i++, str_of(r->description));
    sqlite3_bind_int(st, i++, (int)r->visibility);
    sqlite_bind_str(st, i++, str_of(r->password));
    sqlite3_bind_blob(st, i++, r->key, sizeof r->key, SQLITE_STATIC);
    if (r->owned)
        sqlite3_bind_blob(st, i, r->owner, sizeof r->owner, SQLITE_STATIC);
    i++;
    sqlite3_bind_int64(st, i++, (int64_t)r->epoch);
    sqlite3_bind_int64(st, i++, r->created_ms);
    sqlite3_bind_int64(st, i++, r->updated_ms);
}

/* STORE_OK when there may be one more. */
static enum store_result check_limit(struct sqlite_store *s, int64_t rooms_max)
{
    sqlite3_stmt *st = sqlite_stmt(s, SQL_ROOMS_COUNT);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
    enum store_result r = sqlite_failed(rc);

    if (rc == SQLITE_ROW)
        r = sqlite3_column_int64(st, 0) < rooms_max ? STORE_OK : STORE_LIMIT;
    if (st)
        sqlite3_reset(st);
    return r;
}

static enum store_result add_row(struct sqlite_store *s, struct room *room)
{
    sqlite3_stmt *st = sqlite_stmt(s, SQL_ROOMS_ADD), *number;
    int rc = SQLITE_ERROR;

    if (st) {
        /* A number that nothing has, until the row's own is known. */
        sqlite3_bind_int64(st, 1, room->id ? room->id : -1);
        bind_room(st, room, 2);
        rc = sqlite_do(st);
    }
    if (rc == SQLITE_CONSTRAINT_UNIQUE)
        return STORE_TAKEN;
    if (rc != SQLITE_DONE)
        return sqlite_failed(rc);
    room->order = sqlite3_last_insert_rowid(s->rooms);
    room->version = 1;
    if (room->id)
        return STORE_OK;
    number = sqlite_stmt(s, SQL_ROOMS_NUMBER);
    if (number)
        sqlite3_bind_int64(number, 1, room->order);
    rc = sqlite_do(number);
    room->id = room->order;
    return rc == SQLITE_DONE ? STORE_OK : sqlite_failed(rc);
}

/* Ends the transaction: commits after STORE_OK, else undoes it. */
static enum store_result finish(struct sqlite_store *s, enum store_result r)
{
    int rc;

    if (r != STORE_OK) {
        sqlite_rollback(s->rooms);
        return r;
    }
    rc = sqlite_do(sqlite_stmt(s, SQL_ROOMS_COMMIT));
    if (rc == SQLITE_DONE)
        return STORE_OK;
    sqlite_rollback(s->rooms);
    /* A rollback journal that could not be removed may be played back by the next one, or not. */
    return (rc & 0xff) == SQLITE_FULL || (rc & 0xff) == SQLITE_BUSY ? sqlite_failed(rc) : STORE_UNKNOWN;
}

static enum store_result begin(struct sqlite_store *s)
{
    int rc = sqlite_do(sqlite_stmt(s, SQL_ROOMS_BEGIN));

    return rc == SQLITE_DONE ? STORE_OK : sqlite_failed(rc);
}

enum store_result sqlite_room_add(struct store *base, struct room *room, int64_t rooms_max)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    int64_t id = room->id;
    enum store_result r = begin(s);

    if (r != STORE_OK)
        return r;
    r = check_limit(s, rooms_max);
    r = finish(s, r == STORE_OK ? add_row(s, room) : r);
    if (r != STORE_OK)
        room->id = id;
    return r;
}

enum store_result sqlite_room_update(struct store *base, struct room *room)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    sqlite3_stmt *st;
    struct room now;
    int rc;
    enum store_result r = begin(s);

    if (r != STORE_OK)
        return r;
    r = sqlite_room_get(base, room->id, &now);
    if (r == STORE_OK && now.version != room->version)
        r = STORE_CHANGED;
    st = sqlite_stmt(s, SQL_ROOMS_UPDATE);
    if (r == STORE_OK && st) {
        sqlite3_bind_int64(st, 1, room->id);
        bind_room(st, room, 2);
        sqlite3_bind_int64(st, 12, room->version);
        rc = sqlite_do(st);
        r = rc == SQLITE_DONE ? STORE_OK : rc == SQLITE_CONSTRAINT_UNIQUE ? STORE_TAKEN : sqlite_failed(rc);
    }
    r = finish(s, st ? r : STORE_DOWN);
    room->version += r == STORE_OK;
    return r;
}

enum store_result sqlite_room_remove(struct store *base, int64_t id)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    sqlite3_stmt *st;
    int rc;
    enum store_result r = begin(s);

    if (r != STORE_OK)
        return r;
    st = sqlite_stmt(s, SQL_ROOMS_REMOVE);
    if (st)
        sqlite3_bind_int64(st, 1, id);
    rc = sqlite_do(st);
    r = rc == SQLITE_DONE ? STORE_OK : sqlite_failed(rc);
    if (r == STORE_OK && sqlite3_changes(s->rooms) == 0)
        r = STORE_NONE;
    return finish(s, r);
}

enum store_result sqlite_room_list(struct store *base, const struct room_query *q, struct room_list *out)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    sqlite3_stmt *st = sqlite_stmt(s, SQL_ROOMS_LIST);
    int rc = SQLITE_NOMEM;

    out->room = calloc(q->limit ? q->limit : 1, sizeof *out->room);
    if (!st || !out->room)
        return STORE_DOWN;
    sqlite3_bind_int64(st, 1, q->before_order ? q->before_order : INT64_MAX);
    sqlite_bind_str(st, 2, q->words);
    sqlite3_bind_int64(st, 3, (int64_t)q->limit);
    sqlite3_bind_int(st, 4, q->hidden ? ROOM_HIDDEN : ROOM_PRIVATE);
    while (out->n < q->limit && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct room *room = &out->room[out->n];

        if (!read_row(st, room))
            continue; /* one bad row does not hide the others */
        memset(room->password, 0, sizeof room->password);
        memset(room->key, 0, sizeof room->key);
        memset(room->owner, 0, sizeof room->owner);
        out->n++;
    }
    sqlite3_reset(st);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? STORE_OK : sqlite_failed(rc);
}

enum store_result sqlite_rooms_version(struct store *base, uint64_t *version)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    sqlite3_stmt *st = sqlite_stmt(s, SQL_ROOMS_VERSION);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;

    /* data_version counts the changes of others, total_changes our own. */
    if (rc == SQLITE_ROW)
        *version = (uint64_t)sqlite3_column_int64(st, 0) << 32 ^ (uint64_t)sqlite3_total_changes64(s->rooms);
    if (st)
        sqlite3_reset(st);
    return rc == SQLITE_ROW ? STORE_OK : sqlite_failed(rc);
}
