/* SPDX-License-Identifier: MIT
 * log.db: the entries of rooms. One writer appends everything that waits in one transaction; readers see one
 * snapshot per call. The safety is the two unique indexes' (sql/log.sql); the remembered heads are speed.
 */
#include "common/store_sqlite.h"

/* The order of the columns in sql/log.sql. */
enum {
    L_ROOM,
    L_EPOCH,
    L_SEQ,
    L_CID,
    L_AT,
    L_KIND,
    L_FLAGS,
    L_TARGET,
    L_PERSON,
    L_WHO,
    L_NAME,
    L_COLOR,
    L_MSG
};
enum { FLAG_VERIFIED = 1, FLAG_REMOVED = 2 };

/* ---- reading ---- */

/* A row as an entry whose texts live until the statement's next step. False: no row of ours. */
static bool read_entry(sqlite3_stmt *st, struct entry *e)
{
    const void *person = sqlite3_column_blob(st, L_PERSON);
    struct str who = sqlite_str(st, L_WHO);
    int flags = sqlite3_column_int(st, L_FLAGS);

    *e = (struct entry){
        .room_id = sqlite3_column_int64(st, L_ROOM),
        .epoch = (uint64_t)sqlite3_column_int64(st, L_EPOCH),
        .seq = sqlite3_column_int64(st, L_SEQ),
        .time_ms = sqlite3_column_int64(st, L_AT),
        .kind = (enum entry_kind)sqlite3_column_int(st, L_KIND),
        .verified = flags & FLAG_VERIFIED,
        .removed = flags & FLAG_REMOVED,
        .target = sqlite3_column_int64(st, L_TARGET),
        .cid = sqlite_str(st, L_CID),
        .name = sqlite_str(st, L_NAME),
        .color = sqlite_str(st, L_COLOR),
        .msg = sqlite_str(st, L_MSG),
    };
    if (!person || sqlite3_column_bytes(st, L_PERSON) != TOKEN_PERSON_SIZE || who.n != TOKEN_WHO_SIZE)
        return false;
    memcpy(e->person, person, TOKEN_PERSON_SIZE);
    memcpy(e->who, who.p, TOKEN_WHO_SIZE);
    return e->kind == ENTRY_SEND || e->kind == ENTRY_REMOVE;
}

/* One integer that a statement about (room, epoch) gives; `none` for NULL and for no row. */
static int one_int(sqlite3_stmt *st, int64_t room_id, uint64_t epoch, int64_t none, int64_t *out)
{
    int rc;

    if (!st)
        return SQLITE_ERROR;
    sqlite3_bind_int64(st, 1, room_id);
    if (sqlite3_bind_parameter_count(st) > 1)
        sqlite3_bind_int64(st, 2, (int64_t)epoch);
    rc = sqlite3_step(st);
    *out = rc == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL ? sqlite3_column_int64(st, 0) : none;
    sqlite3_reset(st);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int read_state(struct sqlite_store *s, int64_t room_id, uint64_t epoch, struct log_state *out)
{
    int rc = one_int(sqlite_stmt(s, SQL_LOGS_HEAD), room_id, epoch, 0, &out->head);

    out->epoch = epoch;
    if (rc == SQLITE_OK)
        rc = one_int(sqlite_stmt(s, SQL_LOGS_FIRST), room_id, epoch, out->head + 1, &out->first);
    return rc;
}

/* Begins a snapshot of log.db; false when there is none yet, or *rc says what is wrong. */
static bool snapshot(struct sqlite_store *s, int *rc)
{
    if (!sqlite_logs_ready(s, rc))
        return false;
    *rc = sqlite_do(sqlite_stmt(s, SQL_LOGS_SNAPSHOT));
    return *rc == SQLITE_DONE;
}

static struct sqlite_head *head_slot(struct sqlite_store *s, int64_t room_id)
{
    return &s->heads[(uint64_t)room_id * UINT64_C(0x9e3779b97f4a7c15) >> 52];
}

/* The state of a log in a writer: from memory where it is known, as nobody else changes it. */
static int writer_state(struct sqlite_store *s, int64_t room_id, uint64_t epoch, struct log_state *out)
{
    struct sqlite_head *slot = head_slot(s, room_id);
    int rc = SQLITE_OK;

    if (slot->room_id != room_id || slot->epoch != epoch) {
        rc = read_state(s, room_id, epoch, &slot->log);
        slot->room_id = rc == SQLITE_OK ? room_id : 0;
        slot->epoch = epoch;
    }
    *out = slot->log;
    return rc;
}

enum store_result sqlite_log_state(struct store *base, int64_t room_id, uint64_t epoch, struct log_state *out)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    int rc;

    *out = (struct log_state){ .epoch = epoch, .first = 1 };
    if (s->use == STORE_WRITER) {
        rc = writer_state(s, room_id, epoch, out);
    } else {
        if (snapshot(s, &rc))
            rc = read_state(s, room_id, epoch, out);
        sqlite_rollback(s->logs);
    }
    return rc == SQLITE_OK ? STORE_OK : sqlite_failed(rc);
}

static void reverse(struct log_page *page)
{
    for (size_t i = 0, k = page->n; i + 1 < k; i++) {
        struct entry e = page->entry[i];

        page->entry[i] = page->entry[--k];
        page->entry[k] = e;
    }
}

static int read_page(struct sqlite_store *s, const struct log_query *q, struct log_page *out)
{
    bool oldest = q->after && !q->before;
    sqlite3_stmt *st = sqlite_stmt(s, oldest ? SQL_LOGS_OLDEST : SQL_LOGS_NEWEST);
    struct entry e;
    int rc;

    if (!st)
        return SQLITE_ERROR;
    sqlite3_bind_int64(st, 1, q->room_id);
    sqlite3_bind_int64(st, 2, (int64_t)out->log.epoch);
    sqlite3_bind_int64(st, 3, q->after);
    sqlite3_bind_int64(st, 4, q->before ? q->before : INT64_MAX);
    sqlite3_bind_int64(st, 5, (int64_t)q->limit);
    while ((rc = sqlite3_step(st)) == SQLITE_ROW)
        if (!read_entry(st, &e) || !log_page_add(out, &e)) {
            rc = SQLITE_CORRUPT;
            break;
        }
    sqlite3_reset(st);
    if (!oldest)
        reverse(out);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

enum store_result sqlite_log_page(struct store *base, const struct log_query *q, struct log_page *out)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    int rc;

    out->log = (struct log_state){ .epoch = q->epoch, .first = 1 };
    if (snapshot(s, &rc)) {
        rc = read_state(s, q->room_id, q->epoch, &out->log);
        if (rc == SQLITE_OK)
            rc = read_page(s, q, out);
    }
    sqlite_rollback(s->logs);
    return rc == SQLITE_OK ? STORE_OK : sqlite_failed(rc);
}

/* Finds the entry with a cid: SQLITE_ROW (the texts live until the statement is reset), SQLITE_DONE or an
 * error. */
static int find_cid(sqlite3_stmt *st, int64_t room_id, struct str cid, struct entry *e)
{
    int rc;

    if (!st)
        return SQLITE_ERROR;
    sqlite3_bind_int64(st, 1, room_id);
    sqlite_bind_str(st, 2, cid);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW && !read_entry(st, e))
        rc = SQLITE_CORRUPT;
    return rc;
}

enum store_result sqlite_log_cid(struct store *base, int64_t room_id, struct str cid, struct log_page *out)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    sqlite3_stmt *st;
    struct entry e;
    int rc;

    if (!sqlite_logs_ready(s, &rc))
        return rc == SQLITE_OK ? STORE_NONE : sqlite_failed(rc);
    st = sqlite_stmt(s, SQL_LOGS_CID);
    rc = find_cid(st, room_id, cid, &e);
    if (rc == SQLITE_ROW && !log_page_add(out, &e))
        rc = SQLITE_NOMEM;
    if (st)
        sqlite3_reset(st);
    return rc == SQLITE_ROW ? STORE_OK : rc == SQLITE_DONE ? STORE_NONE : sqlite_failed(rc);
}

/* ---- appending ---- */

static int insert_entry(struct sqlite_store *s, const struct entry *e)
{
    sqlite3_stmt *st = sqlite_stmt(s, SQL_LOGS_ADD);

    if (!st)
        return SQLITE_ERROR;
    sqlite3_bind_int64(st, L_ROOM + 1, e->room_id);
    sqlite3_bind_int64(st, L_EPOCH + 1, (int64_t)e->epoch);
    sqlite3_bind_int64(st, L_SEQ + 1, e->seq);
    sqlite_bind_str(st, L_CID + 1, e->cid);
    sqlite3_bind_int64(st, L_AT + 1, e->time_ms);
    sqlite3_bind_int(st, L_KIND + 1, e->kind);
    sqlite3_bind_int(st, L_FLAGS + 1, e->verified ? FLAG_VERIFIED : 0);
    sqlite3_bind_int64(st, L_TARGET + 1, e->target);
    sqlite3_bind_blob(st, L_PERSON + 1, e->person, sizeof e->person, SQLITE_STATIC);
    sqlite_bind_str(st, L_WHO + 1, (struct str){ e->who, sizeof e->who });
    sqlite_bind_str(st, L_NAME + 1, e->name);
    sqlite_bind_str(st, L_COLOR + 1, e->color);
    sqlite_bind_str(st, L_MSG + 1, e->msg);
    return sqlite_do(st);
}

/* What a retry of `e` is, that found `old` under its cid. The text of a removed one is gone: its author must
 * do. */
static enum append_outcome compare(const struct entry *old, const struct entry *e)
{
    if (old->kind != e->kind || old->target != e->target ||
        memcmp(old->person, e->person, sizeof e->person) != 0)
        return APPEND_OTHER;
    return old->removed || str_same(old->msg, e->msg) ? APPEND_DUP : APPEND_OTHER;
}

/* Whether an entry is there already: answered in *a. SQLITE_ROW yes, SQLITE_DONE no, or an error. */
static int look_up(struct sqlite_store *s, struct append *a)
{
    sqlite3_stmt *st = sqlite_stmt(s, SQL_LOGS_CID);
    struct entry old;
    int rc = find_cid(st, a->entry.room_id, a->entry.cid, &old);

    if (rc == SQLITE_ROW) {
        a->outcome = compare(&old, &a->entry);
        a->at = (struct log_place){ old.epoch, old.seq };
        a->time_ms = old.time_ms;
    }
    if (st)
        sqlite3_reset(st);
    return rc;
}

/* A statement about (room, epoch, target) of a removal. */
static sqlite3_stmt *about_target(struct sqlite_store *s, enum sqlite_statement which, const struct entry *e)
{
    sqlite3_stmt *st = sqlite_stmt(s, which);

    if (st) {
        sqlite3_bind_int64(st, 1, e->room_id);
        sqlite3_bind_int64(st, 2, (int64_t)e->epoch);
        sqlite3_bind_int64(st, 3, e->target);
    }
    return st;
}

/* Whether a removal can be appended: SQLITE_DONE, or SQLITE_ROW when it is answered already. A retry finds
 * its target gone, so its cid is looked up first. */
static int check_removal(struct sqlite_store *s, struct append *a)
{
    sqlite3_stmt *st;
    int rc = look_up(s, a);

    if (rc != SQLITE_DONE)
        return rc;
    st = about_target(s, SQL_LOGS_TARGET, &a->entry);
    rc = sqlite_do(st);
    if (rc == SQLITE_ROW)
        return SQLITE_DONE;
    if (rc == SQLITE_DONE)
        a->outcome = APPEND_NO_TARGET;
    return rc == SQLITE_DONE ? SQLITE_ROW : rc;
}

static int insert(struct sqlite_store *s, struct append *a)
{
    const struct entry *e = &a->entry;
    struct sqlite_head *slot = head_slot(s, e->room_id);
    struct log_state log;
    int rc = insert_entry(s, e);

    if (rc == SQLITE_DONE && e->kind == ENTRY_REMOVE)
        rc = sqlite_do(about_target(s, SQL_LOGS_TAKE_BACK, e));
    if (rc == SQLITE_DONE) {
        a->outcome = APPEND_STORED;
        a->at = (struct log_place){ e->epoch, e->seq };
        slot->log.head = e->seq;
    } else if (rc == SQLITE_CONSTRAINT_UNIQUE) {
        rc = look_up(s, a);
        if (rc == SQLITE_DONE) { /* not the cid, so the place: what was remembered is wrong */
            slot->room_id = 0;
            rc = writer_state(s, e->room_id, e->epoch, &log);
            a->at = (struct log_place){ log.epoch, log.head };
        }
    }
    return rc;
}

/* Appends one entry in the open transaction and answers it. Anything but SQLITE_OK: the transaction is lost.
 */
static int append_one(struct sqlite_store *s, struct append *a)
{
    const struct entry *e = &a->entry;
    struct log_state log;
    int rc = writer_state(s, e->room_id, e->epoch, &log);

    if (rc != SQLITE_OK)
        return rc;
    a->outcome = APPEND_CONFLICT;
    a->at = (struct log_place){ log.epoch, log.head };
    if (e->seq != log.head + 1)
        return SQLITE_OK;
    rc = e->kind == ENTRY_REMOVE ? check_removal(s, a) : SQLITE_DONE;
    if (rc == SQLITE_DONE)
        rc = insert(s, a);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static bool failed_before(struct append *const *list, size_t i)
{
    for (size_t k = i; k-- > 0;)
        if (list[k]->entry.room_id == list[i]->entry.room_id)
            return list[k]->outcome != APPEND_STORED;
    return false;
}

static void forget_heads(struct sqlite_store *s)
{
    memset(s->heads, 0, SQLITE_HEADS * sizeof *s->heads);
}

static void answer_all(struct append *const *list, size_t n, enum append_outcome outcome)
{
    for (size_t i = 0; i < n; i++)
        list[i]->outcome = outcome;
}

/* A COMMIT failed. Frames of it may lie in the WAL, to be found after a crash: only running out of space says
 * no. What was refused stays so; a repeat may be one of an entry of this very transaction. */
static void commit_failed(struct sqlite_store *s, struct append *const *list, size_t n, int rc)
{
    s->doubtful = (rc & 0xff) != SQLITE_FULL;
    if (!s->doubtful)
        answer_all(list, n, APPEND_FULL);
    for (size_t i = 0; s->doubtful && i < n; i++)
        if (list[i]->outcome == APPEND_STORED || list[i]->outcome == APPEND_DUP)
            list[i]->outcome = APPEND_UNKNOWN;
}

void sqlite_append(struct store *base, struct append *const *list, size_t n)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    size_t failed = 0;
    int rc;

    if (s->use != STORE_WRITER || s->doubtful) {
        answer_all(list, n, APPEND_DOWN);
        return;
    }
    rc = sqlite_do(sqlite_stmt(s, SQL_LOGS_BEGIN));
    if (rc == SQLITE_DONE)
        rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
        list[i]->outcome = APPEND_NOT_TRIED;
        if (failed && failed_before(list, i))
            continue;
        rc = append_one(s, list[i]);
        failed += list[i]->outcome != APPEND_STORED;
    }
    if (rc == SQLITE_OK) {
        rc = sqlite_do(sqlite_stmt(s, SQL_LOGS_COMMIT));
        if (rc == SQLITE_DONE)
            return;
        commit_failed(s, list, n, rc);
    } else {
        answer_all(list, n, (rc & 0xff) == SQLITE_FULL ? APPEND_FULL : APPEND_DOWN);
    }
    sqlite_rollback(s->logs);
    forget_heads(s);
}

/* ---- purging ---- */

enum store_result sqlite_log_purge(struct store *base, int64_t room_id, size_t most, bool *left)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    sqlite3_stmt *st = s->use == STORE_WRITER && !s->doubtful ? sqlite_stmt(s, SQL_LOGS_PURGE) : NULL;
    int64_t more;
    int rc;

    if (!st)
        return STORE_DOWN;
    head_slot(s, room_id)->room_id = 0;
    sqlite3_bind_int64(st, 1, room_id);
    sqlite3_bind_int64(st, 2, (int64_t)most);
    rc = sqlite_do(st);
    if ((rc & 0xff) == SQLITE_IOERR) { /* it is its own transaction: like a COMMIT, it may have come about */
        s->doubtful = true;
        return STORE_UNKNOWN;
    }
    if (rc == SQLITE_DONE)
        rc = one_int(sqlite_stmt(s, SQL_LOGS_LEFT), room_id, 0, 0, &more);
    if (rc != SQLITE_OK)
        return sqlite_failed(rc);
    *left = more != 0;
    /* Gives the file's free pages back, a little at a time. */
    sqlite3_exec(s->logs, "PRAGMA incremental_vacuum(1000)", NULL, NULL, NULL);
    return STORE_OK;
}

enum store_result sqlite_log_orphan(struct store *base, int64_t after, int64_t *room_id)
{
    struct sqlite_store *s = (struct sqlite_store *)base;
    struct room room;
    enum store_result r;
    int rc;

    if (!sqlite_logs_ready(s, &rc))
        return rc == SQLITE_OK ? STORE_NONE : sqlite_failed(rc);
    for (;;) {
        rc = one_int(sqlite_stmt(s, SQL_LOGS_ORPHAN), after, 0, 0, room_id);
        if (rc != SQLITE_OK)
            return sqlite_failed(rc);
        if (*room_id == 0)
            return STORE_NONE;
        r = sqlite_room_get(base, *room_id, &room);
        if (r == STORE_NONE)
            return STORE_OK;
        if (r != STORE_OK)
            return r;
        after = *room_id;
    }
}
