/* SPDX-License-Identifier: MIT
 * The bare loop: commits rows of the log's own tables in equal batches, with the store's pragmas (design:
 * WAL, synchronous=FULL), and does nothing else. What a durable relay can store at most; tests/load/bench
 * compares with it. It is the one place besides the store that knows SQLite, as a comparison through the
 * store would be none.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "common/clock.h"
#include "common/entry.h"
#include "sql.h"

enum { PEOPLE = 16, MSG_SIZE = 100, BATCH_MAX = 512, SECONDS_MAX = 600 };

static const char pragmas[] = "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA "
                              "synchronous=FULL; PRAGMA secure_delete=ON;"
                              "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=2000";

struct bare {
    sqlite3 *db;
    sqlite3_stmt *begin, *insert, *commit;
    int64_t seq;
};

static _Noreturn void give_up(const struct bare *b, const char *what)
{
    fprintf(stderr, "bare: %s: %s\n", what, sqlite3_errmsg(b->db));
    exit(1);
}

static void exec(const struct bare *b, const char *sql)
{
    if (sqlite3_exec(b->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        give_up(b, sql);
}

static sqlite3_stmt *prepare(const struct bare *b, const char *sql)
{
    sqlite3_stmt *st = NULL;

    if (sqlite3_prepare_v3(b->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) != SQLITE_OK)
        give_up(b, sql);
    return st;
}

static void step(const struct bare *b, sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE)
        give_up(b, sqlite3_sql(st));
    sqlite3_reset(st);
}

static void bare_open(struct bare *b, const char *path)
{
    if (sqlite3_open_v2(path, &b->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        give_up(b, path);
    exec(b, pragmas);
    for (size_t i = 0; sql_log[i]; i++)
        exec(b, sql_log[i]);
    b->begin = prepare(b, "BEGIN IMMEDIATE");
    b->insert =
        prepare(b, "INSERT INTO log(room, epoch, seq, cid, at, kind, flags, target, person, who, name, color,"
                   " msg) VALUES(1, ?1, ?2, ?3, ?4, 1, 0, 0, ?5, ?6, ?7, '', ?8)");
    b->commit = prepare(b, "COMMIT");
}

static void bare_close(struct bare *b)
{
    sqlite3_finalize(b->begin);
    sqlite3_finalize(b->insert);
    sqlite3_finalize(b->commit);
    sqlite3_close(b->db);
}

/* A row as a room of people talking would have it: the cid is one that rises, as the relay makes them. */
static void row_add(struct bare *b, int64_t ms)
{
    static const char who[PEOPLE + TOKEN_WHO_SIZE] = "ABCDEFGHIJKLMNOPQRSTUVWX";
    uint8_t person[TOKEN_PERSON_SIZE] = { (uint8_t)(b->seq % PEOPLE) };
    char cid[32], name[8], msg[MSG_SIZE + 1];
    int cid_len =
        snprintf(cid, sizeof cid, ".%09llx%012llx", (unsigned long long)ms, (unsigned long long)b->seq);
    int name_len = snprintf(name, sizeof name, "n%d", (int)(b->seq % PEOPLE));

    memset(msg, 'x', MSG_SIZE);
    sqlite3_bind_int64(b->insert, 1, 0x123456789abcdef0);
    sqlite3_bind_int64(b->insert, 2, ++b->seq);
    sqlite3_bind_text(b->insert, 3, cid, cid_len, SQLITE_STATIC);
    sqlite3_bind_int64(b->insert, 4, ms);
    sqlite3_bind_blob(b->insert, 5, person, sizeof person, SQLITE_STATIC);
    sqlite3_bind_text(b->insert, 6, who + person[0], TOKEN_WHO_SIZE, SQLITE_STATIC);
    sqlite3_bind_text(b->insert, 7, name, name_len, SQLITE_STATIC);
    sqlite3_bind_text(b->insert, 8, msg, MSG_SIZE, SQLITE_STATIC);
    step(b, b->insert);
}

static int64_t bare_commits(struct bare *b, int64_t batch, double seconds)
{
    uint64_t until = clock_mono_ns() + (uint64_t)(seconds * 1e9);
    int64_t commits = 0;

    while (clock_mono_ns() < until) {
        int64_t ms = clock_wall_ms();

        step(b, b->begin);
        for (int64_t i = 0; i < batch; i++)
            row_add(b, ms);
        step(b, b->commit);
        commits++;
    }
    return commits;
}

static double number(const char *text, double most)
{
    char *end;
    double v = strtod(text, &end);

    return end == text || *end || !(v > 0 && v <= most) ? 0 : v;
}

int main(int argc, char **argv)
{
    struct bare b = { 0 };
    int64_t batch = argc == 4 ? (int64_t)number(argv[2], BATCH_MAX) : 0, commits;
    double seconds = argc == 4 ? number(argv[3], SECONDS_MAX) : 0, took;
    uint64_t began;

    if (batch < 1 || seconds <= 0) {
        fprintf(stderr, "usage: bare FILE BATCH SECONDS (a new database, 1 to %d rows a commit)\n",
                BATCH_MAX);
        return 2;
    }
    bare_open(&b, argv[1]);
    began = clock_mono_ns();
    commits = bare_commits(&b, batch, seconds);
    took = (double)(clock_mono_ns() - began) / 1e9;
    bare_close(&b);
    printf("{\"batch\":%lld,\"commits\":%lld,\"messages_per_s\":%.1f,\"commit_us\":%.1f}\n", (long long)batch,
           (long long)commits, (double)(commits * batch) / took, took * 1e6 / (double)commits);
    return 0;
}
