/* SPDX-License-Identifier: MIT
 * The SQLite store on disks that are full or broken, in processes that are killed, and what is left in its
 * files of what was taken back. Disks are broken by taking SQLite's pwrite() and our own fdatasync() in its
 * place.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/store_sqlite.h"
#include "tests/unit/store_dir.h"

enum { ROOM = 9, EPOCH = 5, TEXT = 300, MANY = 64 };

/* What the next writes and syncs say instead of being done; 0: they are done. */
static int write_errno, sync_errno;

static ssize_t faulty_pwrite(int fd, const void *p, size_t n, off_t at)
{
    if (!write_errno)
        return pwrite(fd, p, n, at);
    errno = write_errno;
    return -1;
}

/* Found by libsqlite3 before the C library's own. */
int fdatasync(int fd)
{
    if (!sync_errno)
        return (int)syscall(SYS_fdatasync, fd);
    errno = sync_errno;
    return -1;
}

int fsync(int fd)
{
    return fdatasync(fd);
}

static int take_writes(void **state)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    (void)state;
    return vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)faulty_pwrite) == SQLITE_OK &&
                   vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)faulty_pwrite) == SQLITE_OK
               ? 0
               : -1;
}

static int set_up(void **state)
{
    write_errno = sync_errno = 0;
    *state = store_dir_make();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    write_errno = sync_errno = 0;
    store_dir_remove(*state);
    return 0;
}

static struct store *opened(const char *dir, enum store_use use)
{
    struct store *s = store_dir_open(dir, use);

    assert_non_null(s);
    return s;
}

/* Everything that a WAL held lies in the database after this. */
static void checkpoint(const char *dir)
{
    store_close(opened(dir, STORE_WRITER));
}

/* ---- entries, each known by its seq ---- */

struct sent {
    struct append a;
    char cid[40], text[TEXT];
};

static void prepare(struct sent *e, int64_t seq)
{
    snprintf(e->cid, sizeof e->cid, "cid-%016" PRId64, seq);
    memset(e->text, 't', sizeof e->text);
    memcpy(e->text, e->cid, strlen(e->cid));
    e->a = (struct append){ 0 };
    e->a.entry = (struct entry){ .room_id = ROOM, .epoch = EPOCH, .seq = seq, .kind = ENTRY_SEND };
    memset(e->a.entry.who, 'w', sizeof e->a.entry.who);
    e->a.entry.cid = str_of(e->cid);
    e->a.entry.msg = (struct str){ e->text, sizeof e->text };
}

/* Appends n sends from seq on; the outcomes, of which an append may have several, go to count. */
static void append(struct store *s, int64_t seq, size_t n, size_t count[APPEND_UNKNOWN + 1])
{
    static struct sent sent[MANY];
    struct append *list[MANY] = { NULL };

    memset(count, 0, (APPEND_UNKNOWN + 1) * sizeof *count);
    for (size_t i = 0; i < n; i++) {
        prepare(&sent[i], seq + (int64_t)i);
        sent[i].a.outcome = APPEND_STORED; /* must be answered, not left */
        list[i] = &sent[i].a;
    }
    store_append(s, list, n);
    for (size_t i = 0; i < n; i++)
        count[sent[i].a.outcome]++;
}

static size_t append_as(struct store *s, int64_t seq, size_t n, enum append_outcome what)
{
    size_t count[APPEND_UNKNOWN + 1];

    append(s, seq, n, count);
    return count[what];
}

static int64_t head(struct store *s)
{
    struct log_state log;

    return store_log_state(s, ROOM, EPOCH, &log) == STORE_OK ? log.head : -1;
}

/* All that the log holds is right: dense from 1 to its head, each entry whole and under its own cid. The
 * head. */
static int64_t checked(const char *dir)
{
    struct store *s = opened(dir, STORE_WRITER);
    struct log_query q = { ROOM, EPOCH, 0, 0, STORE_PAGE_MAX };
    struct log_page page;
    struct sent want;
    int64_t end = head(s), seq = end;

    assert_true(end >= 0);
    for (q.before = end + 1; seq > 0; q.before = seq + 1) {
        assert_int_equal(store_log_page(s, &q, &page), STORE_OK);
        assert_true(page.n > 0);
        for (size_t i = page.n; i-- > 0; seq--) {
            prepare(&want, seq);
            assert_int_equal(page.entry[i].seq, seq);
            assert_true(str_same(page.entry[i].cid, want.a.entry.cid));
            assert_true(str_same(page.entry[i].msg, want.a.entry.msg));
        }
        log_page_free(&page);
    }
    assert_int_equal(seq, 0);
    store_close(s);
    return end;
}

static void assert_sound(const char *dir)
{
    static const char *const files[] = { "rooms.db", "log.db" };
    char path[STORE_PATH_SIZE];
    sqlite3_stmt *st = NULL;
    sqlite3 *db = NULL;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(sqlite3_open(store_dir_path(path, dir, files[i]), &db), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(st), SQLITE_ROW);
        assert_string_equal((const char *)sqlite3_column_text(st, 0), "ok");
        sqlite3_finalize(st);
        sqlite3_close(db);
    }
}

/* ---- disks ---- */

static void a_full_disk_rejects_and_reading_and_later_appends_go_on(void **state)
{
    struct store *w = opened(*state, STORE_WRITER), *r = opened(*state, STORE_READER);
    struct room room = { .title = "room", .title_key = "room" };
    bool left;

    assert_int_equal(append_as(w, 1, 10, APPEND_STORED), 10);
    write_errno = ENOSPC;
    for (int i = 0; i < 3; i++)
        assert_int_equal(append_as(w, 11, MANY, APPEND_FULL), MANY);
    assert_int_equal(store_log_purge(w, ROOM, 5, &left), STORE_FULL);
    assert_int_equal(store_room_add(r, &room, 10), STORE_FULL);
    assert_int_equal(room.id, 0);
    assert_int_equal(head(w), 10);
    assert_int_equal(head(r), 10);
    assert_int_equal(store_room_find(r, STR("room"), &room), STORE_NONE);
    write_errno = 0;
    assert_int_equal(append_as(w, 11, 10, APPEND_STORED), 10);
    assert_int_equal(store_room_add(r, &room, 10), STORE_OK);
    store_close(r);
    store_close(w);
    assert_int_equal(checked(*state), 20);
    assert_sound(*state);
}

/* After a commit that may or may not have come about nothing is appended until the store was opened anew. */
static void assert_doubtful(const char *dir, struct store *w)
{
    struct store *r;
    int64_t end;
    bool left;

    assert_int_equal(append_as(w, 11, 10, APPEND_UNKNOWN), 10);
    write_errno = sync_errno = 0; /* the disk is well again, but who knows what is on it */
    assert_int_equal(store_ping(w), STORE_DOWN);
    assert_int_equal(append_as(w, 11, 10, APPEND_DOWN), 10);
    assert_int_equal(append_as(w, 21, 10, APPEND_DOWN), 10);
    assert_int_equal(store_log_purge(w, ROOM, 5, &left), STORE_DOWN);
    r = opened(dir, STORE_READER);
    assert_true(head(r) == 10 || head(r) == 20); /* all of it or nothing */
    store_close(r);
    store_close(w);
    end = checked(dir);
    assert_true(end == 10 || end == 20);
    w = opened(dir, STORE_WRITER);
    assert_int_equal(append_as(w, end + 1, 10, APPEND_STORED), 10);
    store_close(w);
    assert_int_equal(checked(dir), end + 10);
    assert_sound(dir);
}

static void a_commit_that_cannot_be_written_is_unknown_and_ends_appending(void **state)
{
    struct store *w = opened(*state, STORE_WRITER);

    assert_int_equal(append_as(w, 1, 10, APPEND_STORED), 10);
    write_errno = EIO;
    assert_doubtful(*state, w);
}

static void a_commit_that_cannot_be_synced_is_unknown_and_ends_appending(void **state)
{
    struct store *w = opened(*state, STORE_WRITER);

    assert_int_equal(append_as(w, 1, 10, APPEND_STORED), 10);
    sync_errno = EIO;
    assert_doubtful(*state, w);
}

static void a_repeat_of_what_is_unknown_is_unknown_too(void **state)
{
    struct store *w = opened(*state, STORE_WRITER);
    struct sent first, again;
    struct append *list[] = { &first.a, &again.a };

    assert_int_equal(append_as(w, 1, 1, APPEND_STORED), 1);
    prepare(&first, 2);
    prepare(&again, 2);
    again.a.entry.seq = 3;
    sync_errno = EIO;
    store_append(w, list, 2);
    assert_int_equal(first.a.outcome, APPEND_UNKNOWN);
    assert_int_equal(again.a.outcome, APPEND_UNKNOWN); /* a DUP would be acked, and is not durable */
    store_close(w);
}

static void a_purge_that_cannot_be_written_or_synced_is_unknown_and_ends_appending(void **state)
{
    static int *const which[] = { &write_errno, &sync_errno };
    int64_t before = 10, end;
    bool left;

    for (size_t i = 0; i < 2; i++) {
        struct store *w = opened(*state, STORE_WRITER);

        assert_int_equal(append_as(w, i ? before + 1 : 1, 10, APPEND_STORED), 10);
        before = head(w);
        assert_true(store_sound(w));
        *which[i] = EIO;
        assert_int_equal(store_log_purge(w, ROOM, 1000, &left), STORE_UNKNOWN);
        *which[i] = 0;
        assert_false(store_sound(w));
        assert_int_equal(store_ping(w), STORE_DOWN);
        assert_int_equal(store_log_purge(w, ROOM, 1000, &left), STORE_DOWN);
        assert_int_equal(append_as(w, before + 1, 1, APPEND_DOWN), 1);
        store_close(w);
        end = checked(*state);
        assert_true(end == before || end == 0); /* all of it or nothing */
        before = end;
    }
    assert_sound(*state);
}

static void a_writer_does_not_open_where_it_cannot_write_or_sync(void **state)
{
    static const int *const which[] = { &write_errno, &sync_errno };
    struct buf why = { 0 };
    struct store *s = NULL;
    pid_t child;
    int status;

    child = fork(); /* leaves a WAL that has to be checkpointed */
    if (child == 0) {
        s = store_dir_open(*state, STORE_WRITER);
        _exit(s && append_as(s, 1, 10, APPEND_STORED) == 10 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    for (int i = 0; i < 2; i++) {
        write_errno = which[i] == &write_errno ? EIO : 0;
        sync_errno = which[i] == &sync_errno ? EIO : 0;
        assert_int_equal(store_dir_try(&s, *state, STORE_WRITER, &why), STORE_DOWN);
        assert_non_null(strstr(why.data, "log.db"));
        buf_free(&why);
    }
    write_errno = sync_errno = 0;
    assert_int_equal(checked(*state), 10);
}

static void a_room_change_that_fails_is_never_told_as_done(void **state)
{
    struct store *s = opened(*state, STORE_READER);
    struct room room = { .title = "room", .title_key = "room" }, got;
    enum store_result r;

    for (int i = 0; i < 2; i++) {
        sync_errno = i ? EIO : 0;
        write_errno = i ? 0 : EIO;
        r = store_room_add(s, &room, 10);
        assert_true(r == STORE_DOWN || r == STORE_UNKNOWN);
        write_errno = sync_errno = 0;
        store_close(s);
        s = opened(*state, STORE_READER);
        if (store_room_find(s, STR("room"), &got) == STORE_OK)
            assert_int_equal(r, STORE_UNKNOWN);
    }
    store_close(s);
    checkpoint(*state); /* so that there is a log.db as well */
    assert_sound(*state);
}

/* As a quota or a real limit of the system would: the kernel itself refuses to let files grow. */
static void files_that_may_not_grow_lose_nothing_that_was_stored(void **state)
{
    struct store *w = opened(*state, STORE_WRITER);
    struct rlimit old, small;
    size_t count[APPEND_UNKNOWN + 1];
    int64_t stored = 0, end;
    int failures = 0;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    for (rlim_t limit = 150000; limit <= 650000; limit += 125000) {
        small.rlim_cur = limit;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        for (int i = 0; w && i < 200; i++) {
            append(w, stored + 1, MANY, count);
            if (count[APPEND_STORED] != MANY)
                break;
            stored += MANY;
        }
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_int_equal(count[APPEND_STORED], 0); /* one transaction: all or nothing */
        assert_int_equal(count[APPEND_FULL] + count[APPEND_DOWN] + count[APPEND_UNKNOWN], MANY);
        failures++;
        store_close(w);
        end = checked(*state);
        assert_true(end == stored || (end == stored + MANY && count[APPEND_UNKNOWN]));
        stored = end;
        w = opened(*state, STORE_WRITER);
    }
    assert_true(failures == 5 && stored > MANY);
    store_close(w);
    assert_sound(*state);
}

/* ---- processes ---- */

/* Appends until it is killed, and says each time what is stored by now. */
static void append_for_ever(const char *dir, int told)
{
    struct store *w = store_dir_open(dir, STORE_WRITER);
    int64_t stored = w ? head(w) : -1;

    for (size_t n = 1; stored >= 0; n = n % 30 + 1) {
        if (append_as(w, stored + 1, n, APPEND_STORED) != n)
            break;
        stored += (int64_t)n;
        if (write(told, &stored, sizeof stored) != sizeof stored)
            break;
    }
    _exit(1);
}

static void all_that_was_reported_stored_outlives_a_kill(void **state)
{
    int64_t reported = 0, got;

    for (int round = 0; round < 10; round++) {
        int pipes[2], status, heard = 0;
        pid_t child;

        assert_int_equal(pipe(pipes), 0);
        child = fork();
        if (child == 0) {
            close(pipes[0]);
            append_for_ever(*state, pipes[1]);
        }
        close(pipes[1]);
        while (read(pipes[0], &got, sizeof got) == sizeof got) {
            reported = got;
            if (++heard == 7 * round + 1)
                kill(child, SIGKILL); /* and then what it had said before is read to its end */
        }
        close(pipes[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && heard > 7 * round);
        assert_true(checked(*state) >= reported);
    }
    assert_sound(*state);
}

static void add_rooms(const char *dir, char who, int go)
{
    struct store *s;
    char c;
    size_t added = 0;

    if (read(go, &c, 1) != 0) /* until the parent lets go of its end */
        _exit(1);
    s = store_dir_open(dir, STORE_READER); /* the first to come makes rooms.db, and both come at once */
    for (int i = 0; s && i < 20; i++) {
        struct room r = { .visibility = ROOM_PUBLIC };

        snprintf(r.title, sizeof r.title, "%c%d", who, i);
        snprintf(r.title_key, sizeof r.title_key, "%c%d", who, i);
        added += store_room_add(s, &r, 1000) == STORE_OK;
    }
    store_close(s);
    _exit(added == 20 ? 0 : 1);
}

static void two_processes_make_the_store_and_add_rooms_at_once(void **state)
{
    struct room_query all = { .limit = 100 };
    struct room_list list;
    struct store *s;
    int go[2], status;
    pid_t child[2];

    assert_int_equal(pipe(go), 0);
    for (int i = 0; i < 2; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            close(go[1]);
            add_rooms(*state, (char)('a' + i), go[0]);
        }
    }
    close(go[1]);
    close(go[0]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    s = opened(*state, STORE_READER);
    assert_int_equal(store_room_list(s, &all, &list), STORE_OK);
    assert_int_equal(list.n, 40);
    for (size_t i = 1; i < list.n; i++)
        assert_true(list.room[i].id < list.room[i - 1].id);
    room_list_free(&list);
    store_close(s);
    checkpoint(*state);
    assert_sound(*state);
}

/* ---- what is taken back ---- */

static void the_text_of_a_removed_message_is_in_no_file(void **state)
{
    struct store *w = opened(*state, STORE_WRITER);
    struct sent e;
    struct append *list[] = { &e.a };

    assert_int_equal(append_as(w, 1, 50, APPEND_STORED), 50);
    prepare(&e, 51);
    e.a.entry.msg = STR("what-nobody-should-ever-read");
    e.a.entry.name = STR("somebody-who-regrets");
    store_append(w, list, 1);
    assert_int_equal(append_as(w, 52, 10, APPEND_STORED), 10);
    store_close(w);
    assert_true(store_dir_grep(*state, STR("what-nobody-should-ever-read")) > 0);
    w = opened(*state, STORE_WRITER);
    prepare(&e, 62);
    e.a.entry.kind = ENTRY_REMOVE;
    e.a.entry.target = 51;
    store_append(w, list, 1);
    assert_int_equal(e.a.outcome, APPEND_STORED);
    store_close(w);
    checkpoint(*state);
    assert_int_equal(store_dir_grep(*state, STR("what-nobody-should-ever-read")), 0);
    assert_int_equal(store_dir_grep(*state, STR("somebody-who-regrets")), 0);
    assert_true(store_dir_grep(*state, STR("cid-0000000000000051")) >
                0); /* where it looks, there is something */
    assert_sound(*state);
}

static void nothing_of_a_purged_log_or_a_removed_room_is_in_a_file(void **state)
{
    struct store *w = opened(*state, STORE_WRITER);
    struct room room = { .title = "a-title-to-forget",
                         .title_key = "a-title-to-forget",
                         .password = "$y$to-forget" };
    bool left = true;

    assert_int_equal(store_room_add(w, &room, 10), STORE_OK);
    assert_int_equal(append_as(w, 1, MANY, APPEND_STORED), MANY);
    store_close(w);
    assert_true(store_dir_grep(*state, STR("to-forget")) > 0);
    w = opened(*state, STORE_WRITER);
    assert_int_equal(store_room_remove(w, room.id), STORE_OK);
    while (left)
        assert_int_equal(store_log_purge(w, ROOM, 10, &left), STORE_OK);
    store_close(w);
    checkpoint(*state);
    assert_int_equal(store_dir_grep(*state, STR("cid-00000000")), 0);
    assert_int_equal(store_dir_grep(*state, STR("tttttttt")), 0);
    assert_int_equal(store_dir_grep(*state, STR("to-forget")), 0);
    assert_sound(*state);
}

static void a_purge_gives_its_space_back(void **state)
{
    struct store *w = opened(*state, STORE_WRITER);
    char path[STORE_PATH_SIZE];
    struct stat before, after;
    bool left = true;

    for (int64_t seq = 1; seq < 2000; seq += MANY)
        assert_int_equal(append_as(w, seq, MANY, APPEND_STORED), MANY);
    store_close(w);
    assert_int_equal(stat(store_dir_path(path, *state, "log.db"), &before), 0);
    w = opened(*state, STORE_WRITER);
    while (left)
        assert_int_equal(store_log_purge(w, ROOM, 1000, &left), STORE_OK);
    store_close(w);
    checkpoint(*state);
    assert_int_equal(stat(path, &after), 0);
    assert_true(after.st_size < before.st_size / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        TEST(a_full_disk_rejects_and_reading_and_later_appends_go_on),
        TEST(a_commit_that_cannot_be_written_is_unknown_and_ends_appending),
        TEST(a_commit_that_cannot_be_synced_is_unknown_and_ends_appending),
        TEST(a_repeat_of_what_is_unknown_is_unknown_too),
        TEST(a_purge_that_cannot_be_written_or_synced_is_unknown_and_ends_appending),
        TEST(a_writer_does_not_open_where_it_cannot_write_or_sync),
        TEST(a_room_change_that_fails_is_never_told_as_done),
        TEST(files_that_may_not_grow_lose_nothing_that_was_stored),
        TEST(all_that_was_reported_stored_outlives_a_kill),
        TEST(two_processes_make_the_store_and_add_rooms_at_once),
        TEST(the_text_of_a_removed_message_is_in_no_file),
        TEST(nothing_of_a_purged_log_or_a_removed_room_is_in_a_file),
        TEST(a_purge_gives_its_space_back),
    };

    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests_name("SQLite on bad days", tests, take_writes, NULL) != 0;
}
