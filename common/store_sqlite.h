/* SPDX-License-Identifier: MIT
 * Inside of the SQLite store, shared by its three files: the handle (store_sqlite.c), rooms.db
 * (store_sqlite_rooms.c) and log.db (store_sqlite_logs.c). Nobody else includes this.
 */
#ifndef COMMON_STORE_SQLITE_H
#define COMMON_STORE_SQLITE_H

#include <sqlite3.h>

#include "common/store_ops.h"

#define SQLITE_STATEMENTS(X)                                                                                \
    X(ROOMS, BEGIN, "BEGIN IMMEDIATE")                                                                      \
    X(ROOMS, COMMIT, "COMMIT")                                                                              \
    X(ROOMS, PING, "SELECT count(*) FROM (SELECT 1 FROM rooms LIMIT 1)")                                    \
    X(ROOMS, COUNT, "SELECT count(*) FROM rooms")                                                           \
    X(ROOMS, ADD,                                                                                           \
      "INSERT INTO rooms(id, version, title, title_key, description, visibility, password, key, owner, "    \
      "epoch,"                                                                                              \
      " created, updated) VALUES(?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")                         \
    X(ROOMS, NUMBER, "UPDATE rooms SET id = n WHERE n = ?1")                                                \
    X(ROOMS, GET, "SELECT * FROM rooms WHERE id = ?1")                                                      \
    X(ROOMS, FIND, "SELECT * FROM rooms WHERE title_key = ?1")                                              \
    X(ROOMS, UPDATE,                                                                                        \
      "UPDATE rooms SET version = version + 1, title = ?2, title_key = ?3, description = ?4, visibility = " \
      "?5,"                                                                                                 \
      " password = ?6, key = ?7, owner = ?8, epoch = ?9, created = ?10, updated = ?11"                      \
      " WHERE id = ?1 AND version = ?12")                                                                   \
    X(ROOMS, REMOVE, "DELETE FROM rooms WHERE id = ?1")                                                     \
    X(ROOMS, LIST,                                                                                          \
      "SELECT * FROM rooms WHERE visibility <= ?4 AND n < ?1 AND (?2 = '' OR instr(title_key, ?2) > 0)"     \
      " ORDER BY n DESC LIMIT ?3")                                                                          \
    X(ROOMS, VERSION, "PRAGMA data_version")                                                                \
    X(LOGS, BEGIN, "BEGIN IMMEDIATE")                                                                       \
    X(LOGS, SNAPSHOT, "BEGIN")                                                                              \
    X(LOGS, COMMIT, "COMMIT")                                                                               \
    X(LOGS, FIRST, "SELECT min(seq) FROM log WHERE room = ?1 AND epoch = ?2")                               \
    X(LOGS, HEAD, "SELECT max(seq) FROM log WHERE room = ?1 AND epoch = ?2")                                \
    X(LOGS, ADD, "INSERT INTO log VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")          \
    X(LOGS, CID, "SELECT * FROM log WHERE cid = ?2 AND room = ?1")                                          \
    X(LOGS, TARGET,                                                                                         \
      "SELECT 1 FROM log WHERE room = ?1 AND epoch = ?2 AND seq = ?3 AND kind = 1 AND flags & 2 = 0")       \
    X(LOGS, TAKE_BACK,                                                                                      \
      "UPDATE log SET flags = flags | 2, name = '', color = '', msg = '' WHERE room = ?1 AND epoch = ?2 "   \
      "AND seq = ?3")                                                                                       \
    X(LOGS, OLDEST,                                                                                         \
      "SELECT * FROM log WHERE room = ?1 AND epoch = ?2 AND seq > ?3 AND seq < ?4 ORDER BY seq LIMIT ?5")   \
    X(LOGS, NEWEST,                                                                                         \
      "SELECT * FROM log WHERE room = ?1 AND epoch = ?2 AND seq > ?3 AND seq < ?4 ORDER BY seq DESC LIMIT " \
      "?5")                                                                                                 \
    X(LOGS, PURGE, "DELETE FROM log WHERE rowid IN (SELECT rowid FROM log WHERE room = ?1 LIMIT ?2)")       \
    X(LOGS, LEFT, "SELECT 1 FROM log WHERE room = ?1 LIMIT 1")                                              \
    X(LOGS, ORPHAN, "SELECT min(room) FROM log WHERE room > ?1")

enum sqlite_statement {
#define X(db, name, text) SQL_##db##_##name,
    SQLITE_STATEMENTS(X)
#undef X
        SQL_COUNT
};

enum { SQLITE_HEADS = 4096 }; /* logs whose head a writer remembers; a collision only costs a look-up */

struct sqlite_head {
    int64_t room_id;
    uint64_t epoch; /* the one that log was read for */
    struct log_state log;
};

struct sqlite_store {
    struct store base;
    enum store_use use;
    char *dir;
    sqlite3 *rooms, *logs; /* logs is NULL in a reader until there is a log.db */
    sqlite3_stmt *stmt[SQL_COUNT];
    int lock;      /* of DIR/lock, held by the writer; -1 */
    bool doubtful; /* a COMMIT failed: what it held is unknown, nothing may be appended any more */
    struct sqlite_head *heads; /* the writer's; room_id 0 is a free slot */
};

/* The prepared statement, reset and without bindings; NULL when its database does not answer. */
sqlite3_stmt *sqlite_stmt(struct sqlite_store *s, enum sqlite_statement which);
/* Steps a statement that gives no row and resets it: SQLITE_DONE or what was wrong. */
int sqlite_do(sqlite3_stmt *st);
void sqlite_bind_str(sqlite3_stmt *st, int i, struct str s);
struct str sqlite_str(sqlite3_stmt *st, int column);
/* What an error code means where nothing can have been changed. */
enum store_result sqlite_failed(int rc);
/* Ends a transaction that is still open, if any. */
void sqlite_rollback(sqlite3 *db);
/* A reader's log.db, opened as soon as it is there. False: there is none yet, so all logs are empty (*rc is
 * SQLITE_OK), or it cannot be read. */
bool sqlite_logs_ready(struct sqlite_store *s, int *rc);

enum store_result sqlite_room_add(struct store *s, struct room *room, int64_t rooms_max);
enum store_result sqlite_room_get(struct store *s, int64_t id, struct room *out);
enum store_result sqlite_room_find(struct store *s, struct str title_key, struct room *out);
enum store_result sqlite_room_update(struct store *s, struct room *room);
enum store_result sqlite_room_remove(struct store *s, int64_t id);
enum store_result sqlite_room_list(struct store *s, const struct room_query *q, struct room_list *out);
enum store_result sqlite_rooms_version(struct store *s, uint64_t *version);
void sqlite_append(struct store *s, struct append *const *list, size_t n);
enum store_result sqlite_log_state(struct store *s, int64_t room_id, uint64_t epoch, struct log_state *out);
enum store_result sqlite_log_page(struct store *s, const struct log_query *q, struct log_page *out);
enum store_result sqlite_log_cid(struct store *s, int64_t room_id, struct str cid, struct log_page *out);
enum store_result sqlite_log_purge(struct store *s, int64_t room_id, size_t most, bool *left);
enum store_result sqlite_log_orphan(struct store *s, int64_t after, int64_t *room_id);

#endif
