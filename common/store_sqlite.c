/* SPDX-License-Identifier: MIT
 * The SQLite store's handle: opening DIR/rooms.db and DIR/log.db, making and upgrading their tables, the
 * writer's lock, prepared statements. What is done with them is in store_sqlite_rooms.c and
 * store_sqlite_logs.c.
 *
 * rooms.db: rollback journal, written by all programs. log.db: WAL, written by the writer's handle alone,
 * which is also the only one to checkpoint (SQLite 3.40 can lose a reset of the WAL where two connections
 * do).
 */
#include "common/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sql.h"

enum { SCHEMA_UNREADABLE = -1, SCHEMA_FOREIGN = -2 };
enum { BUSY_MS = 5000, LOG_CACHE_KIB = 65536, CHECKPOINT_PAGES = 2000 };

static const char *const statements[SQL_COUNT] = {
#define X(db, name, text) [SQL_##db##_##name] = text,
    SQLITE_STATEMENTS(X)
#undef X
};

sqlite3_stmt *sqlite_stmt(struct sqlite_store *s, enum sqlite_statement which)
{
    sqlite3 *db = which < SQL_LOGS_BEGIN ? s->rooms : s->logs;
    sqlite3_stmt **st = &s->stmt[which];

    if (!db)
        return NULL;
    if (!*st &&
        sqlite3_prepare_v3(db, statements[which], -1, SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK)
        return NULL;
    sqlite3_reset(*st);
    sqlite3_clear_bindings(*st);
    return *st;
}

int sqlite_do(sqlite3_stmt *st)
{
    int rc = SQLITE_ERROR;

    if (!st)
        return rc;
    rc = sqlite3_step(st);
    sqlite3_reset(st);
    return rc;
}

void sqlite_bind_str(sqlite3_stmt *st, int i, struct str s)
{
    sqlite3_bind_text64(st, i, s.p ? s.p : "", s.n, SQLITE_STATIC, SQLITE_UTF8);
}

struct str sqlite_str(sqlite3_stmt *st, int column)
{
    const char *p = (const char *)sqlite3_column_text(st, column);

    return (struct str){ p ? p : "", p ? (size_t)sqlite3_column_bytes(st, column) : 0 };
}

enum store_result sqlite_failed(int rc)
{
    return (rc & 0xff) == SQLITE_FULL ? STORE_FULL : STORE_DOWN;
}

void sqlite_rollback(sqlite3 *db)
{
    if (db && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

static enum store_result refuse(struct sqlite_store *s, sqlite3 *db, const char *file, struct buf *why)
{
    const char *text = db ? sqlite3_errmsg(db) : strerror(errno);

    buf_format(why, "store: %s%s%s: %s", s->dir, *file ? "/" : "", file, text);
    return STORE_DOWN;
}

/* PRAGMA user_version, 0 being an empty file's alone. One statement, so that it is one snapshot. */
static int schema_version(sqlite3 *db)
{
    static const char sql[] =
        "SELECT user_version, EXISTS (SELECT 1 FROM sqlite_schema) FROM pragma_user_version";
    sqlite3_stmt *st = NULL;
    int version = SCHEMA_UNREADABLE;

    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        version = sqlite3_column_int(st, 0);
        if (version < 0 || (version == 0 && sqlite3_column_int(st, 1)))
            version = SCHEMA_FOREIGN;
    }
    sqlite3_finalize(st);
    return version;
}

static int schema_newest(const char *const *steps)
{
    int n = 0;

    while (steps[n])
        n++;
    return n;
}

/* The transaction that was begun brings the database from `version` to the newest; committed. */
static bool schema_upgrade(sqlite3 *db, const char *const *steps, int version)
{
    char set[48];

    for (int i = version; steps[i]; i++)
        if (sqlite3_exec(db, steps[i], NULL, NULL, NULL) != SQLITE_OK)
            return false;
    snprintf(set, sizeof set, "PRAGMA user_version = %d", schema_newest(steps));
    return sqlite3_exec(db, set, NULL, NULL, NULL) == SQLITE_OK &&
           sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

static bool open_file(struct sqlite_store *s, const char *file, int flags, sqlite3 **db)
{
    struct buf path = { 0 };
    int rc = SQLITE_NOMEM;

    buf_format(&path, "%s/%s", s->dir, file);
    if (buf_ok(&path)) {
        /* The group's to write (SQLite itself would make it 0644). Not by open(): a close() of our own would
         * end the locks that other handles of this process hold on the file. */
        if (flags & SQLITE_OPEN_CREATE)
            mknod(path.data, S_IFREG | 0660, 0);
        rc = sqlite3_open_v2(path.data, db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    }
    buf_free(&path);
    if (rc != SQLITE_OK)
        return false;
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_busy_timeout(*db, BUSY_MS);
    return true;
}

/* Brings a database that was opened for writing to the newest schema. */
static enum store_result bring_up(struct sqlite_store *s, sqlite3 *db, const char *file,
                                  const char *const *steps, struct buf *why)
{
    int version = schema_version(db), newest = schema_newest(steps);

    if (version == newest)
        return STORE_OK;
    /* Exclusive, and the version read again inside: two programs may start at once. */
    if (version >= 0 && version < newest)
        version = sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK ? schema_version(db)
                                                                                     : SCHEMA_UNREADABLE;
    if (version > newest)
        buf_format(why, "store: %s/%s has schema %d; this program knows %d: it was made by a newer version",
                   s->dir, file, version, newest);
    else if (version == SCHEMA_FOREIGN)
        buf_format(why, "store: %s/%s is a database of another program", s->dir, file);
    else if (version == SCHEMA_UNREADABLE || !schema_upgrade(db, steps, version))
        refuse(s, db, file, why);
    else
        return STORE_OK;
    sqlite_rollback(db);
    return STORE_DOWN;
}

static enum store_result open_rooms(struct sqlite_store *s, struct buf *why)
{
    if (!open_file(s, "rooms.db", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &s->rooms) ||
        /* EXTRA: a journal's end is on disk too, so no room comes back or goes once that was told. */
        sqlite3_exec(s->rooms, "PRAGMA synchronous=EXTRA; PRAGMA secure_delete=ON", NULL, NULL, NULL) !=
            SQLITE_OK)
        return refuse(s, s->rooms, "rooms.db", why);
    return bring_up(s, s->rooms, "rooms.db", sql_rooms, why);
}

/* Whatever was committed by a writer before us, perhaps without having reached the disk, is there once this
 * is done. */
static bool checkpoint(sqlite3 *db)
{
    return sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK;
}

static enum store_result open_logs_writer(struct sqlite_store *s, struct buf *why)
{
    char pragmas[256];
    enum store_result r;

    /* auto_vacuum before anything is written, or it has no effect. */
    snprintf(pragmas, sizeof pragmas,
             "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
             "PRAGMA secure_delete=ON; PRAGMA cache_size=-%d; PRAGMA wal_autocheckpoint=%d",
             LOG_CACHE_KIB, CHECKPOINT_PAGES);
    if (!open_file(s, "log.db", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &s->logs))
        return refuse(s, s->logs, "log.db", why);
    /* What is not ours is left as it is; bring_up() says so. */
    if (schema_version(s->logs) >= 0 && sqlite3_exec(s->logs, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        return refuse(s, s->logs, "log.db", why);
    r = bring_up(s, s->logs, "log.db", sql_log, why);
    if (r == STORE_OK && !checkpoint(s->logs))
        r = refuse(s, s->logs, "log.db", why);
    return r;
}

bool sqlite_logs_ready(struct sqlite_store *s, int *rc)
{
    int version;

    *rc = SQLITE_OK;
    if (s->logs)
        return true;
    if (!open_file(s, "log.db", SQLITE_OPEN_READONLY, &s->logs)) {
        *rc = sqlite3_system_errno(s->logs) == ENOENT ? SQLITE_OK : SQLITE_CANTOPEN;
    } else {
        version = schema_version(s->logs);
        if (version == schema_newest(sql_log))
            return true;
        /* 0: its writer is just about to make the tables. */
        *rc = version == 0 ? SQLITE_OK : SQLITE_CANTOPEN;
    }
    sqlite3_close(s->logs);
    s->logs = NULL;
    return false;
}

/* DIR/lock: one relay writes a folder's logs. STORE_TAKEN when another one does. */
static enum store_result lock_writer(struct sqlite_store *s, struct buf *why)
{
    struct buf path = { 0 };
    enum store_result r = STORE_OK;

    buf_format(&path, "%s/lock", s->dir);
    s->lock = buf_ok(&path) ? open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0660) : -1;
    buf_free(&path);
    if (s->lock < 0)
        return refuse(s, NULL, "lock", why);
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        r = errno == EWOULDBLOCK ? STORE_TAKEN : STORE_DOWN;
        buf_format(why, "store: %s/lock: %s", s->dir,
                   r == STORE_TAKEN ? "another globes-relay writes here" : strerror(errno));
    }
    return r;
}

static void sqlite_close(struct store *base)
{
    struct sqlite_store *s = (struct sqlite_store *)base;

    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(s->stmt[i]);
    /* What was deleted must not stay in log.db-wal because a reader still has it open. */
    if (s->use == STORE_WRITER && s->logs)
        checkpoint(s->logs);
    sqlite3_close(s->rooms);
    sqlite3_close(s->logs);
    if (s->lock >= 0)
        close(s->lock);
    free(s->heads);
    free(s->dir);
    free(s);
}

static enum store_result sqlite_ping(struct store *base)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    sqlite3_stmt *st = sqlite_stmt(s, SQL_ROOMS_PING);
    int rc = st ? sqlite3_step(st) : SQLITE_ERROR;

    if (st)
        sqlite3_reset(st);
    return rc == SQLITE_ROW && !s->doubtful ? STORE_OK : STORE_DOWN;
}

static bool sqlite_sound(const struct store *base)
{
    return !((const struct sqlite_store *)base)->doubtful;
}

static const struct store_ops ops = {
    .close = sqlite_close,
    .ping = sqlite_ping,
    .sound = sqlite_sound,
    .room_add = sqlite_room_add,
    .room_get = sqlite_room_get,
    .room_find = sqlite_room_find,
    .room_update = sqlite_room_update,
    .room_remove = sqlite_room_remove,
    .room_list = sqlite_room_list,
    .rooms_version = sqlite_rooms_version,
    .append = sqlite_append,
    .log_state = sqlite_log_state,
    .log_page = sqlite_log_page,
    .log_cid = sqlite_log_cid,
    .log_purge = sqlite_log_purge,
    .log_orphan = sqlite_log_orphan,
};

static enum store_result open_all(struct sqlite_store *s, struct buf *why)
{
    enum store_result r = STORE_OK;

    if (mkdir(s->dir, 0770) != 0 && errno != EEXIST)
        return refuse(s, NULL, "", why);
    if (s->use == STORE_WRITER)
        r = lock_writer(s, why);
    if (r == STORE_OK)
        r = open_rooms(s, why);
    if (r == STORE_OK && s->use == STORE_WRITER)
        r = open_logs_writer(s, why);
    return r;
}

enum store_result store_sqlite_open(struct store **out, const char *dir, enum store_use use, struct buf *why)
{
    struct sqlite_store *s = calloc(1, sizeof *s);
    enum store_result r = STORE_DOWN;

    if (s) {
        *s = (struct sqlite_store){ .base.ops = &ops, .use = use, .lock = -1, .dir = strdup(dir) };
        s->heads = use == STORE_WRITER ? calloc(SQLITE_HEADS, sizeof *s->heads) : NULL;
    }
    if (!s || !s->dir || (use == STORE_WRITER && !s->heads))
        buf_text(why, "store: out of memory");
    else
        r = open_all(s, why);
    if (r == STORE_OK)
        *out = &s->base;
    else if (s)
        sqlite_close(&s->base);
    return r;
}
