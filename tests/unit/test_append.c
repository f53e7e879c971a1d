/* SPDX-License-Identifier: MIT
 * The writer's logic, relay/append.h, on a store that fails when it is told to and on SQLite: whatever happens, the log is
 * dense, each cid that is said to be stored is there once, at the place told, and order is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/store_ops.h"
#include "common/store_sqlite.h"
#include "relay/append.h"
#include "tests/unit/store_dir.h"
#include "tests/unit/store_fake.h"

enum { ROOM = 7, EPOCH = 5, MOST = STORE_BATCH_MAX };

struct batch {
    struct store_fake *fake; /* NULL: it is SQLite's, in dir */
    char *dir;
    struct store *store;
    const struct store_ops *ops; /* the store's own */
    struct store_ops watched;
    bool late; /* before each append another relay appends */
    struct append a[MOST], *list[MOST];
    char cid[MOST][24];
    size_t n;
    unsigned made;
};

static struct batch *the_batch; /* for watch(), which is given a store */

/* What the store says of a place means nothing where the outcome does not say that it does. */
static void watch(struct store *s, struct append *const *list, size_t n)
{
    struct batch *b = the_batch;

    if (b->late)
        store_fake_set(b->fake, (struct store_fake_knobs){ .foreign = 1 });
    b->ops->append(s, list, n);
    for (size_t i = 0; i < n; i++)
        if (list[i]->outcome == APPEND_UNKNOWN || list[i]->outcome == APPEND_NOT_TRIED)
            list[i]->at = (struct log_place){ 99, 99 };
}

static struct batch *batch_new(void)
{
    the_batch = calloc(1, sizeof *the_batch);
    assert_non_null(the_batch);
    return the_batch;
}

static void watch_store(struct batch *b)
{
    b->ops = b->store->ops;
    b->watched = *b->ops;
    b->watched.append = watch;
    b->store->ops = &b->watched;
}

static int set_up(void **state)
{
    struct batch *b = *state = batch_new();

    b->fake = store_fake_new();
    b->store = store_fake_open(b->fake, STORE_WRITER);
    watch_store(b);
    return 0;
}

/* ---- SQLite ---- */

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

static void open_sqlite(struct batch *b, enum store_use use)
{
    b->store = store_dir_open(b->dir, use);
    assert_non_null(b->store);
    watch_store(b);
}

static int set_up_sqlite(void **state)
{
    struct batch *b = *state = batch_new();

    b->dir = store_dir_make();
    assert_non_null(b->dir);
    open_sqlite(b, STORE_WRITER);
    return 0;
}

static int tear_down(void **state)
{
    struct batch *b = *state;

    write_errno = sync_errno = 0;
    store_close(b->store);
    if (b->dir)
        store_dir_remove(b->dir);
    else
        store_fake_free(b->fake);
    free(b);
    return 0;
}

/* ---- batches ---- */

static struct append *add(struct batch *b, int64_t room_id, uint64_t epoch)
{
    struct append *a = &b->a[b->n];

    snprintf(b->cid[b->n], sizeof b->cid[b->n], ".made-by-us-%08u", ++b->made);
    *a = (struct append){ .entry = {
                              .room_id = room_id, .epoch = epoch, .kind = ENTRY_SEND, .time_ms = b->made } };
    a->entry.cid = str_of(b->cid[b->n]);
    a->entry.msg = STR("text");
    memset(a->entry.who, 'w', sizeof a->entry.who);
    b->list[b->n++] = a;
    return a;
}

/* A new batch of n sends to one room, which goes well. */
static void run_well(struct batch *b, size_t n)
{
    b->n = 0;
    while (n--)
        add(b, ROOM, EPOCH);
    append_run(b->store, b->list, b->n);
}

/* A new batch of n sends to one room, run with these troubles. */
static void run(struct batch *b, size_t n, struct store_fake_knobs troubles)
{
    store_fake_set(b->fake, troubles);
    run_well(b, n);
    store_fake_set(b->fake, (struct store_fake_knobs){ 0 });
}

static int64_t head(struct batch *b, int64_t room_id, uint64_t epoch)
{
    struct log_state log;

    assert_int_equal(store_log_state(b->store, room_id, epoch, &log), STORE_OK);
    return log.head;
}

/* Every entry that is said to be stored is where it is said to be, and those of a room rise in the order given. */
static void assert_told_truly(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct append *a = b->list[i];
        struct log_page page;

        if (a->outcome != APPEND_STORED)
            continue;
        assert_int_equal(store_log_cid(b->store, a->entry.room_id, a->entry.cid, &page), STORE_OK);
        assert_true(page.entry[0].epoch == a->at.epoch && page.entry[0].seq == a->at.seq);
        log_page_free(&page);
        for (size_t k = 0; k < i; k++)
            if (b->list[k]->outcome == APPEND_STORED && b->list[k]->entry.room_id == a->entry.room_id &&
                b->list[k]->at.epoch == a->at.epoch)
                assert_true(b->list[k]->at.seq < a->at.seq);
    }
}

static void assert_all(const struct batch *b, enum append_outcome want)
{
    for (size_t i = 0; i < b->n; i++)
        assert_int_equal(b->list[i]->outcome, want);
}

/* How many of a room's seqs are there: all of them, or the log is not dense. */
static void assert_dense(struct batch *b, int64_t room_id, uint64_t epoch, int64_t want_head)
{
    int64_t next = 1;

    assert_int_equal(head(b, room_id, epoch), want_head);
    while (next <= want_head) {
        struct log_query q = { room_id, epoch, 0, next - 1, STORE_PAGE_MAX };
        struct log_page page;

        if (next == 1)
            q.before = STORE_PAGE_MAX + 1; /* `after` 0 is none, and would give the newest */
        assert_int_equal(store_log_page(b->store, &q, &page), STORE_OK);
        assert_true(page.n > 0);
        for (size_t i = 0; i < page.n; i++)
            assert_int_equal(page.entry[i].seq, next++);
        log_page_free(&page);
    }
}

static void a_batch_is_stored_in_its_order(void **state)
{
    struct batch *b = *state;

    run_well(b, MOST);
    assert_all(b, APPEND_STORED);
    assert_told_truly(b);
    run_well(b, 3);
    assert_int_equal(b->a[0].at.seq, MOST + 1);
    assert_dense(b, ROOM, EPOCH, MOST + 3);
}

static void what_was_not_tried_is_tried_again(void **state)
{
    struct batch *b = *state;

    for (size_t prefix = 0; prefix < 6; prefix++) {
        run(b, 6, (struct store_fake_knobs){ .cut_short = true, .prefix = prefix, .rest = APPEND_NOT_TRIED });
        assert_all(b, APPEND_STORED);
        assert_told_truly(b);
    }
    assert_dense(b, ROOM, EPOCH, 36);
}

static void who_loses_the_race_goes_behind_the_others(void **state)
{
    struct batch *b = *state;

    for (size_t foreign = 1; foreign < 5; foreign++) {
        int64_t before = head(b, ROOM, EPOCH);

        run(b, 4, (struct store_fake_knobs){ .foreign = foreign });
        assert_all(b, APPEND_STORED);
        assert_told_truly(b);
        assert_int_equal(b->a[0].at.seq, before + (int64_t)foreign + 1);
    }
    assert_dense(b, ROOM, EPOCH, 4 * 4 + 1 + 2 + 3 + 4);
}

static void a_lost_answer_is_looked_up(void **state)
{
    struct batch *b = *state;

    run(b, 5, (struct store_fake_knobs){ .lose = 1 });
    assert_all(b, APPEND_STORED);
    assert_told_truly(b);
    assert_dense(b, ROOM, EPOCH, 5);
}

static void what_may_not_be_stored_stays_unknown(void **state)
{
    struct batch *b = *state;

    run(b, 4, (struct store_fake_knobs){ .cut_short = true, .prefix = 1, .rest = APPEND_UNKNOWN });
    assert_int_equal(b->a[0].outcome, APPEND_STORED);
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(b->a[i].outcome, APPEND_UNKNOWN);
    assert_dense(b, ROOM, EPOCH, 1);
}

static void no_space_and_no_store_are_told_and_store_nothing(void **state)
{
    struct batch *b = *state;

    run(b, 4, (struct store_fake_knobs){ .refuse = 1, .refuse_with = STORE_FULL });
    assert_all(b, APPEND_FULL);
    run(b, 4, (struct store_fake_knobs){ .refuse = 100, .refuse_with = STORE_DOWN });
    assert_all(b, APPEND_DOWN);
    assert_int_equal(head(b, ROOM, EPOCH), 0);
}

/* What comes behind a repeat moves up: there is no hole where the repeat would have been. */
static void a_repeat_in_the_middle_leaves_no_hole(void **state)
{
    struct batch *b = *state;
    char old[24];

    run_well(b, 1);
    memcpy(old, b->cid[0], sizeof old);
    b->n = 0;
    for (int i = 0; i < 5; i++)
        add(b, ROOM, EPOCH);
    b->a[1].entry.cid = str_of(old);
    b->a[3].entry.cid = str_of(old);
    b->a[3].entry.msg = STR("another text");
    append_run(b->store, b->list, b->n);
    assert_int_equal(b->a[1].outcome, APPEND_DUP);
    assert_int_equal(b->a[1].at.seq, 1);
    assert_int_equal(b->a[3].outcome, APPEND_OTHER);
    assert_true(b->a[0].at.seq == 2 && b->a[2].at.seq == 3 && b->a[4].at.seq == 4);
    assert_told_truly(b);
    assert_dense(b, ROOM, EPOCH, 4);
}

static void rooms_and_epochs_of_one_batch_have_places_of_their_own(void **state)
{
    struct batch *b = *state;

    b->n = 0;
    for (int i = 0; i < MOST; i++)
        add(b, 1 + i % 100, i % 3 ? EPOCH : EPOCH + 1);
    append_run(b->store, b->list, b->n);
    assert_all(b, APPEND_STORED);
    assert_told_truly(b);
    for (int64_t room = 1; room <= 100; room++) {
        int64_t a = head(b, room, EPOCH), c = head(b, room, EPOCH + 1);

        assert_int_equal(a + c, room <= MOST % 100 ? MOST / 100 + 1 : MOST / 100);
        assert_dense(b, room, EPOCH, a);
        assert_dense(b, room, EPOCH + 1, c);
    }
}

/* More of them than an entry is proposed again for other reasons: all who came back after a restart repeat themselves. */
static void any_number_of_repeats_holds_nobody_up(void **state)
{
    enum { REPEATS = 100 };
    struct batch *b = *state;
    static char old[REPEATS][24];

    run_well(b, REPEATS);
    memcpy(old, b->cid, sizeof old);
    b->n = 0;
    for (int i = 0; i < REPEATS; i++) {
        add(b, ROOM, EPOCH)->entry.cid = str_of(old[i]);
        add(b, ROOM, EPOCH);
    }
    append_run(b->store, b->list, b->n);
    for (int i = 0; i < REPEATS; i++) {
        assert_int_equal(b->a[2 * i].outcome, APPEND_DUP);
        assert_int_equal(b->a[2 * i].at.seq, i + 1);
        assert_int_equal(b->a[2 * i + 1].outcome, APPEND_STORED);
        assert_int_equal(b->a[2 * i + 1].at.seq, REPEATS + i + 1);
    }
    assert_told_truly(b);
    assert_dense(b, ROOM, EPOCH, 2 * REPEATS);
}

static void a_repeat_in_one_batch_is_one_of_the_first(void **state)
{
    struct batch *b = *state;

    b->n = 0;
    for (int i = 0; i < 3; i++)
        add(b, ROOM, EPOCH);
    b->a[1].entry.cid = b->a[0].entry.cid;
    append_run(b->store, b->list, b->n);
    assert_int_equal(b->a[0].outcome, APPEND_STORED);
    assert_int_equal(b->a[1].outcome, APPEND_DUP);
    assert_int_equal(b->a[1].at.seq, 1);
    assert_int_equal(b->a[2].outcome, APPEND_STORED);
    assert_dense(b, ROOM, EPOCH, 2);
}

static void a_removal_of_nothing_leaves_no_hole(void **state)
{
    struct batch *b = *state;

    b->n = 0;
    for (int i = 0; i < 5; i++)
        add(b, ROOM, EPOCH);
    for (int i = 1; i < 4; i++) {
        b->a[i].entry.kind = ENTRY_REMOVE;
        b->a[i].entry.target = i == 1 ? 77 : 1;
        b->a[i].entry.msg = STR("");
    }
    append_run(b->store, b->list, b->n);
    assert_int_equal(b->a[1].outcome, APPEND_NO_TARGET);
    assert_int_equal(b->a[2].outcome, APPEND_STORED);
    assert_int_equal(b->a[3].outcome, APPEND_NO_TARGET); /* taken back already */
    assert_true(b->a[0].at.seq == 1 && b->a[2].at.seq == 2 && b->a[4].at.seq == 3);
    assert_dense(b, ROOM, EPOCH, 3);
}

static void who_loses_every_race_gives_up_and_has_stored_nothing(void **state)
{
    struct batch *b = *state;
    struct log_page page;

    b->late = true;
    run_well(b, 3);
    b->late = false;
    store_fake_set(b->fake, (struct store_fake_knobs){ 0 });
    assert_all(b, APPEND_DOWN);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(store_log_cid(b->store, ROOM, b->list[i]->entry.cid, &page), STORE_NONE);
        log_page_free(&page);
    }
    assert_dense(b, ROOM, EPOCH, head(b, ROOM, EPOCH));
    run_well(b, 3);
    assert_all(b, APPEND_STORED);
}

/* A second writer, which the lock is there to keep out: the unique keys alone must do. */
static void two_writers_of_one_log_leave_it_whole(void **state)
{
    struct batch *b = *state;
    struct store *mine = b->store, *other;
    char path[STORE_PATH_SIZE];

    assert_int_equal(unlink(store_dir_path(path, b->dir, "lock")), 0);
    other = store_dir_open(b->dir, STORE_WRITER);
    assert_non_null(other);
    for (int i = 1; i <= 20; i++) {
        b->store = i % 2 ? mine : other;
        run_well(b, 5);
        b->store = mine;
        assert_all(b, APPEND_STORED);
        assert_told_truly(b);
        assert_int_equal(b->a[4].at.seq, 5 * i);
    }
    store_close(other);
    store_close(mine);
    open_sqlite(b, STORE_WRITER);
    assert_dense(b, ROOM, EPOCH, 100);
}

static void a_full_disk_is_told_and_stores_nothing(void **state)
{
    struct batch *b = *state;

    run_well(b, 5);
    write_errno = ENOSPC;
    run_well(b, 5);
    assert_all(b, APPEND_FULL);
    write_errno = 0;
    run_well(b, 5);
    assert_all(b, APPEND_STORED);
    assert_told_truly(b);
    assert_dense(b, ROOM, EPOCH, 10);
}

/* What lies in a WAL that could not be synced must not be taken for stored by looking it up there. */
static void what_could_not_be_made_durable_is_never_told_as_stored(void **state)
{
    static int *const which[] = { &write_errno, &sync_errno };
    struct batch *b = *state;
    int64_t before, after;

    for (size_t i = 0; i < 2; i++) {
        run_well(b, 5);
        before = head(b, ROOM, EPOCH);
        *which[i] = EIO;
        run_well(b, 5);
        assert_all(b, APPEND_UNKNOWN);
        *which[i] = 0;
        run_well(b, 5);
        assert_all(b, APPEND_DOWN); /* until it is opened anew */
        store_close(b->store);
        open_sqlite(b, STORE_WRITER);
        after = head(b, ROOM, EPOCH);
        assert_true(after == before || after == before + 5);
        assert_dense(b, ROOM, EPOCH, after);
    }
}

static void a_store_that_may_not_be_written_is_down(void **state)
{
    struct batch *b = *state;

    run_well(b, 2);
    store_close(b->store);
    open_sqlite(b, STORE_READER);
    run_well(b, 2);
    assert_all(b, APPEND_DOWN);
    assert_dense(b, ROOM, EPOCH, 2);
}

#define FAKE(f)   cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define SQLITE(f) cmocka_unit_test_setup_teardown(f, set_up_sqlite, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKE(a_batch_is_stored_in_its_order),
        SQLITE(a_batch_is_stored_in_its_order),
        FAKE(what_was_not_tried_is_tried_again),
        FAKE(who_loses_the_race_goes_behind_the_others),
        FAKE(who_loses_every_race_gives_up_and_has_stored_nothing),
        SQLITE(two_writers_of_one_log_leave_it_whole),
        FAKE(a_lost_answer_is_looked_up),
        FAKE(what_may_not_be_stored_stays_unknown),
        SQLITE(what_could_not_be_made_durable_is_never_told_as_stored),
        FAKE(no_space_and_no_store_are_told_and_store_nothing),
        SQLITE(a_full_disk_is_told_and_stores_nothing),
        SQLITE(a_store_that_may_not_be_written_is_down),
        FAKE(a_repeat_in_the_middle_leaves_no_hole),
        SQLITE(a_repeat_in_the_middle_leaves_no_hole),
        FAKE(any_number_of_repeats_holds_nobody_up),
        SQLITE(any_number_of_repeats_holds_nobody_up),
        FAKE(a_repeat_in_one_batch_is_one_of_the_first),
        SQLITE(a_repeat_in_one_batch_is_one_of_the_first),
        FAKE(a_removal_of_nothing_leaves_no_hole),
        SQLITE(a_removal_of_nothing_leaves_no_hole),
        FAKE(rooms_and_epochs_of_one_batch_have_places_of_their_own),
        SQLITE(rooms_and_epochs_of_one_batch_have_places_of_their_own),
    };

    return cmocka_run_group_tests(tests, take_writes, NULL);
}
