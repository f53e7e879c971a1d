/* SPDX-License-Identifier: MIT
 * The SQLite store passes the store suite; and what is its own: files and their modes, the lock, schema
 * versions, pragmas, files that are not ours. Faults of disks and processes are in
 * test_store_sqlite_faults.c.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/store_sqlite.h" /* for the pragmas of a handle's own connections */
#include "tests/unit/store_dir.h"
#include "tests/unit/store_suite.h"

static void *make(void)
{
    return store_dir_make();
}

static struct store *open_one(void *made, enum store_use use)
{
    return store_dir_open(made, use);
}

static void unmake(void *made)
{
    store_dir_remove(made);
}

static int set_up(void **state)
{
    *state = store_dir_make();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    store_dir_remove(*state);
    return 0;
}

static struct store *opened(const char *dir, enum store_use use)
{
    struct store *s = store_dir_open(dir, use);

    assert_non_null(s);
    return s;
}

static void touch_all(const char *dir)
{
    store_close(opened(dir, STORE_WRITER));
}

/* Opening is refused, and why is one sentence that names the file. */
#define assert_refused(dir, use, result, file) refused(dir, use, result, file, __FILE__, __LINE__)
static void refused(const char *dir, enum store_use use, enum store_result result, const char *file,
                    const char *source, int line)
{
    struct buf why = { 0 };
    struct store *s = NULL;

    _assert_int_equal(store_dir_try(&s, dir, use, &why), result, source, line);
    _assert_true(s == NULL, "no handle", source, line);
    buf_text(&why, "");
    _assert_true(why.len > 20 && !memchr(why.data, '\n', why.len), "why is one line", source, line);
    _assert_true(strstr(why.data, file) != NULL, why.data, source, line);
    _assert_true(strstr(why.data, "not an error") == NULL, why.data, source, line);
    buf_free(&why);
}

/* One statement on a file while no handle is open; its only integer. */
static int sql(const char *dir, const char *file, const char *text)
{
    char path[STORE_PATH_SIZE];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int got = -1;

    assert_int_equal(sqlite3_open(store_dir_path(path, dir, file), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    if (sqlite3_step(st) == SQLITE_ROW)
        got = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return got;
}

static enum append_outcome send_one(struct store *s, int64_t seq, const char *cid)
{
    struct append a = { .entry = {
                            .room_id = 9, .epoch = 5, .seq = seq, .kind = ENTRY_SEND, .who = "whowhow" } };
    struct append *list[] = { &a };

    a.entry.cid = a.entry.msg = str_of(cid);
    store_append(s, list, 1);
    return a.outcome;
}

/* Head of that log; -1 where the store does not answer. */
static int64_t head(struct store *s)
{
    struct log_state log;

    return store_log_state(s, 9, 5, &log) == STORE_OK ? log.head : -1;
}

/* ---- files ---- */

static int mode_of(const char *dir, const char *file)
{
    char path[STORE_PATH_SIZE];
    struct stat st;

    return stat(store_dir_path(path, dir, file), &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static void files_are_the_groups_to_read_and_write_and_nobody_elses(void **state)
{
    static const char *const files[] = { "rooms.db", "log.db", "log.db-wal", "log.db-shm", "lock" };
    mode_t before = umask(0007);
    struct store *r = opened(*state, STORE_READER), *w = opened(*state, STORE_WRITER);
    int mode[5], of_dir = mode_of(*state, "");

    send_one(w, 1, "cid-0000000000001");
    for (int i = 0; i < 5; i++)
        mode[i] = mode_of(*state, files[i]);
    store_close(r);
    store_close(w);
    umask(before);
    assert_int_equal(of_dir, 0770);
    for (int i = 0; i < 5; i++)
        if (mode[i] != 0660)
            fail_msg("%s has mode %o", files[i], (unsigned)mode[i]);
}

static void a_folder_that_cannot_be_made_is_told(void **state)
{
    char path[STORE_PATH_SIZE];
    struct buf why = { 0 };
    struct store *s = NULL;

    snprintf(path, sizeof path, "sqlite:%s/no/such", (const char *)*state);
    assert_int_equal(store_open(&s, path, STORE_READER, &why), STORE_DOWN);
    assert_non_null(strstr(why.data, "/no/such"));
    buf_free(&why);
    assert_int_equal(store_open(&s, "flatfile:/tmp", STORE_READER, &why), STORE_DOWN);
    assert_non_null(strstr(why.data, "sqlite:DIR"));
    buf_free(&why);
}

static void a_file_in_place_of_the_folder_is_told(void **state)
{
    char path[STORE_PATH_SIZE];
    FILE *f = fopen(store_dir_path(path, *state, ""), "we");

    assert_non_null(f);
    fclose(f);
    assert_refused(*state, STORE_READER, STORE_DOWN, "rooms.db");
    assert_refused(*state, STORE_WRITER, STORE_DOWN, "lock");
}

static void a_second_writer_is_refused_while_there_is_one(void **state)
{
    struct store *w = opened(*state, STORE_WRITER), *other = NULL;
    struct buf why = { 0 };
    pid_t child;
    int status;

    assert_refused(*state, STORE_WRITER, STORE_TAKEN, "lock");
    child = fork();
    if (child == 0)
        _exit(store_dir_try(&other, *state, STORE_WRITER, &why) == STORE_TAKEN ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(send_one(w, 1, "cid-0000000000001"), APPEND_STORED); /* the first is not harmed */
    store_close(opened(*state, STORE_READER));
    store_close(w);
    touch_all(*state);
}

/* ---- schema ---- */

static void versions_are_set(void **state)
{
    touch_all(*state);
    assert_int_equal(sql(*state, "rooms.db", "PRAGMA user_version"), 1);
    assert_int_equal(sql(*state, "log.db", "PRAGMA user_version"), 1);
    touch_all(*state);
    assert_int_equal(sql(*state, "log.db", "PRAGMA user_version"), 1);
}

static void empty_files_are_brought_to_the_newest_version(void **state)
{
    struct store *w;

    assert_true(store_dir_write(*state, "rooms.db", STR("")));
    assert_true(store_dir_write(*state, "log.db", STR("")));
    w = opened(*state, STORE_WRITER);
    assert_int_equal(send_one(w, 1, "cid-0000000000001"), APPEND_STORED);
    store_close(w);
    assert_int_equal(sql(*state, "rooms.db", "PRAGMA user_version"), 1);
    assert_int_equal(sql(*state, "log.db", "PRAGMA user_version"), 1);
}

static void a_newer_rooms_db_is_refused_and_left_alone(void **state)
{
    touch_all(*state);
    sql(*state, "rooms.db", "PRAGMA user_version = 99");
    assert_refused(*state, STORE_READER, STORE_DOWN, "rooms.db");
    assert_refused(*state, STORE_WRITER, STORE_DOWN, "newer");
    assert_int_equal(sql(*state, "rooms.db", "PRAGMA user_version"), 99);
}

/* A reader may open such a store, but then none of its logs may look empty. */
static void assert_reader_sees_no_empty_logs(const char *dir)
{
    struct store *r = NULL;
    struct buf why = { 0 };
    struct log_query q = { 9, 5, 0, 0, 10 };
    struct log_page page;
    int64_t id;

    if (store_dir_try(&r, dir, STORE_READER, &why) == STORE_OK) {
        for (int i = 0; i < 2; i++) {
            assert_int_equal(head(r), -1);
            assert_int_equal(store_log_page(r, &q, &page), STORE_DOWN);
            log_page_free(&page);
            assert_int_equal(store_log_cid(r, 9, STR("cid-0000000000001"), &page), STORE_DOWN);
            log_page_free(&page);
            assert_int_equal(store_log_orphan(r, 0, &id), STORE_DOWN);
        }
        assert_int_equal(store_room_get(r, 1, &(struct room){ 0 }), STORE_NONE); /* rooms go on */
        store_close(r);
    }
    buf_free(&why);
}

static void a_newer_log_db_is_refused_and_left_alone(void **state)
{
    touch_all(*state);
    sql(*state, "log.db", "PRAGMA user_version = 99");
    assert_refused(*state, STORE_WRITER, STORE_DOWN, "log.db");
    assert_refused(*state, STORE_WRITER, STORE_DOWN, "newer");
    assert_reader_sees_no_empty_logs(*state);
    assert_int_equal(sql(*state, "log.db", "PRAGMA user_version"), 99);
}

static void a_reader_there_before_any_writer_sees_empty_logs_and_then_entries(void **state)
{
    struct store *r = opened(*state, STORE_READER), *w;
    int64_t id;

    assert_int_equal(head(r), 0);
    assert_int_equal(store_log_orphan(r, 0, &id), STORE_NONE);
    assert_int_equal(mode_of(*state, "log.db"), -1);
    w = opened(*state, STORE_WRITER);
    assert_int_equal(head(r), 0);
    assert_int_equal(send_one(w, 1, "cid-0000000000001"), APPEND_STORED);
    assert_int_equal(head(r), 1);
    store_close(w);
    assert_int_equal(head(r), 1);
    w = opened(*state, STORE_WRITER);
    assert_int_equal(send_one(w, 2, "cid-0000000000002"), APPEND_STORED);
    assert_int_equal(head(r), 2);
    store_close(w);
    store_close(r); /* the last to close, which may lose nothing */
    r = opened(*state, STORE_READER);
    assert_int_equal(head(r), 2);
    store_close(r);
}

/* ---- files that are not ours ---- */

static void assert_unchanged(const char *dir, const char *file, struct str want)
{
    struct buf got = { 0 };

    assert_true(store_dir_read(dir, file, &got));
    assert_true(str_same(buf_all(&got), want));
    buf_free(&got);
}

static void a_foreign_file_is_told_and_left_alone(void **state)
{
    static char junk[8192];

    memset(junk, 'x', sizeof junk);
    assert_true(store_dir_write(*state, "rooms.db", (struct str){ junk, sizeof junk }));
    assert_refused(*state, STORE_READER, STORE_DOWN, "rooms.db");
    assert_refused(*state, STORE_WRITER, STORE_DOWN, "rooms.db");
    assert_unchanged(*state, "rooms.db", (struct str){ junk, sizeof junk });
}

static void a_foreign_log_is_told_and_left_alone(void **state)
{
    static char junk[8192];

    memset(junk, 'x', sizeof junk);
    assert_true(store_dir_write(*state, "log.db", (struct str){ junk, sizeof junk }));
    assert_refused(*state, STORE_WRITER, STORE_DOWN, "log.db");
    assert_reader_sees_no_empty_logs(*state);
    assert_unchanged(*state, "log.db", (struct str){ junk, sizeof junk });
}

static void a_folder_in_place_of_a_file_is_told(void **state)
{
    char path[STORE_PATH_SIZE];

    touch_all(*state);
    assert_int_equal(unlink(store_dir_path(path, *state, "log.db")), 0);
    assert_int_equal(mkdir(path, 0770), 0);
    assert_refused(*state, STORE_WRITER, STORE_DOWN, "log.db");
    assert_reader_sees_no_empty_logs(*state);
}

static void another_programs_database_is_told_and_left_alone(void **state)
{
    static const char *const files[] = { "rooms.db", "log.db" };
    struct buf before = { 0 };

    for (int i = 1; i >= 0; i--) {
        assert_true(store_dir_write(*state, files[i], STR("")));
        sql(*state, files[i], "CREATE TABLE bookmarks (url TEXT)");
        assert_true(store_dir_read(*state, files[i], &before));
        assert_refused(*state, STORE_WRITER, STORE_DOWN, files[i]);
        if (i)
            assert_reader_sees_no_empty_logs(*state);
        else
            assert_refused(*state, STORE_READER, STORE_DOWN, files[i]);
        assert_unchanged(*state, files[i], buf_all(&before));
        buf_free(&before);
    }
}

static void a_damaged_page_gives_an_error_and_no_wrong_log(void **state)
{
    struct store *w = opened(*state, STORE_WRITER), *r;
    struct buf bytes = { 0 };
    struct log_query q = { 9, 5, 0, 0, STORE_PAGE_MAX };
    struct log_page page;
    char cid[32];

    for (int i = 1; i <= 200; i++) {
        snprintf(cid, sizeof cid, "cid-%013d", i);
        assert_int_equal(send_one(w, i, cid), APPEND_STORED);
    }
    store_close(w);
    assert_true(store_dir_read(*state, "log.db", &bytes));
    memset(bytes.data + 4096, 0xa5, bytes.len - 4096); /* all but the header and the schema */
    assert_true(store_dir_write(*state, "log.db", buf_all(&bytes)));
    buf_free(&bytes);
    r = opened(*state, STORE_READER);
    assert_int_equal(store_log_page(r, &q, &page), STORE_DOWN);
    log_page_free(&page);
    store_close(r);
}

/* ---- how the databases are run ---- */

static void assert_pragma(sqlite3 *db, const char *text, const char *want)
{
    sqlite3_stmt *st = NULL;

    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    if (strcmp((const char *)sqlite3_column_text(st, 0), want) != 0)
        fail_msg("%s is %s, not %s", text, (const char *)sqlite3_column_text(st, 0), want);
    sqlite3_finalize(st);
}

static void databases_are_run_for_safety(void **state)
{
    struct store *handle = opened(*state, STORE_WRITER);
    struct sqlite_store *w = (struct sqlite_store *)handle;

    assert_pragma(w->logs, "PRAGMA journal_mode", "wal");
    assert_pragma(w->logs, "PRAGMA synchronous", "2"); /* FULL */
    assert_pragma(w->logs, "PRAGMA secure_delete", "1");
    assert_pragma(w->logs, "PRAGMA auto_vacuum", "2"); /* INCREMENTAL */
    assert_pragma(w->logs, "PRAGMA wal_autocheckpoint", "2000");
    assert_pragma(w->rooms, "PRAGMA journal_mode", "delete");
    assert_pragma(w->rooms, "PRAGMA synchronous", "3"); /* EXTRA */
    assert_pragma(w->rooms, "PRAGMA secure_delete", "1");
    store_close(handle);
}

static void a_readers_handle_changes_no_log(void **state)
{
    struct store *w = opened(*state, STORE_WRITER), *r = opened(*state, STORE_READER);
    bool left = false;

    assert_int_equal(send_one(r, 1, "cid-0000000000001"), APPEND_DOWN);
    assert_int_equal(send_one(w, 1, "cid-0000000000001"), APPEND_STORED);
    assert_int_equal(head(r), 1);
    assert_int_equal(send_one(r, 2, "cid-0000000000002"), APPEND_DOWN);
    assert_int_equal(store_log_purge(r, 9, 10, &left), STORE_DOWN);
    assert_int_equal(head(w), 1);
    store_close(r);
    store_close(w);
}

static void the_version_of_rooms_stays_while_nothing_changes(void **state)
{
    struct store *w = opened(*state, STORE_WRITER), *r = opened(*state, STORE_READER);
    uint64_t before, after;
    struct room room = { .title = "room", .title_key = "room" };

    assert_int_equal(store_room_add(r, &room, 10), STORE_OK);
    assert_int_equal(store_rooms_version(w, &before), STORE_OK);
    send_one(w, 1, "cid-0000000000001"); /* logs are not rooms */
    assert_int_equal(store_room_get(r, room.id, &room), STORE_OK);
    assert_int_equal(store_rooms_version(w, &after), STORE_OK);
    assert_int_equal(before, after);
    store_close(r);
    store_close(w);
}

static void what_a_writer_remembers_of_one_epoch_it_does_not_say_of_another(void **state)
{
    struct store *w = opened(*state, STORE_WRITER), *r = opened(*state, STORE_READER);
    struct log_state of_w, of_r;

    assert_int_equal(send_one(w, 1, "cid-0000000000001"), APPEND_STORED);
    assert_int_equal(store_log_state(w, 9, 77, &of_w), STORE_OK);
    assert_int_equal(store_log_state(r, 9, 77, &of_r), STORE_OK);
    assert_int_equal(of_w.epoch, 77);
    assert_int_equal(of_r.epoch, 77);
    assert_int_equal(of_w.head, 0);
    assert_int_equal(of_r.head, 0);
    assert_int_equal(head(w), 1);
    assert_int_equal(head(r), 1);
    store_close(r);
    store_close(w);
}

int main(void)
{
    static const struct store_fixture fixture = { make, open_one, unmake };
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        TEST(files_are_the_groups_to_read_and_write_and_nobody_elses),
        TEST(a_folder_that_cannot_be_made_is_told),
        TEST(a_file_in_place_of_the_folder_is_told),
        TEST(a_second_writer_is_refused_while_there_is_one),
        TEST(versions_are_set),
        TEST(empty_files_are_brought_to_the_newest_version),
        TEST(a_newer_rooms_db_is_refused_and_left_alone),
        TEST(a_newer_log_db_is_refused_and_left_alone),
        TEST(a_reader_there_before_any_writer_sees_empty_logs_and_then_entries),
        TEST(a_foreign_file_is_told_and_left_alone),
        TEST(a_foreign_log_is_told_and_left_alone),
        TEST(a_folder_in_place_of_a_file_is_told),
        TEST(another_programs_database_is_told_and_left_alone),
        TEST(a_damaged_page_gives_an_error_and_no_wrong_log),
        TEST(databases_are_run_for_safety),
        TEST(a_readers_handle_changes_no_log),
        TEST(the_version_of_rooms_stays_while_nothing_changes),
        TEST(what_a_writer_remembers_of_one_epoch_it_does_not_say_of_another),
    };
    int failed = store_suite("store suite: SQLite", &fixture);

    failed += cmocka_run_group_tests_name("SQLite's own", tests, NULL, NULL);
    return failed != 0;
}
