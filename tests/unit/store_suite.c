/* SPDX-License-Identifier: MIT
 * Runs the store suite, and holds what its parts share: making rooms, appends and pages, and comparing them.
 */
#include "tests/unit/store_suite_parts.h"

#include <inttypes.h>

/* ---- running ---- */

static void open_both(struct suite *s)
{
    s->writer = s->fixture->open(s->made, STORE_WRITER);
    assert_non_null(s->writer);
    s->reader = s->fixture->open(s->made, STORE_READER);
    assert_non_null(s->reader);
}

static void close_both(struct suite *s)
{
    store_close(s->reader);
    store_close(s->writer);
    s->reader = s->writer = NULL;
}

void suite_reopen(struct suite *s)
{
    close_both(s);
    open_both(s);
}

static int set_up(void **state)
{
    struct suite *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->fixture = *state;
    s->made = s->fixture->make();
    assert_non_null(s->made);
    open_both(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct suite *s = *state;

    close_both(s);
    s->fixture->unmake(s->made);
    free(s);
    return 0;
}

/* cmocka hands a test what its row says, only not to change it. */
static void *row_state(const struct store_fixture *fixture)
{
    return (void *)(uintptr_t)fixture;
}

int store_suite(const char *name, const struct store_fixture *fixture)
{
    const struct suite_part *const parts[] = { &suite_rooms, &suite_lists,  &suite_append, &suite_removals,
                                               &suite_pages, &suite_epochs, &suite_threads };
    struct CMUnitTest tests[128];
    size_t n = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (size_t k = 0; k < parts[i]->n && n < sizeof tests / sizeof *tests; k++) {
            tests[n] = parts[i]->tests[k];
            tests[n].setup_func = set_up;
            tests[n].teardown_func = tear_down;
            tests[n++].initial_state = row_state(fixture);
        }
    return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}

/* ---- rooms ---- */

struct room suite_room(const char *title)
{
    struct room r = { .visibility = ROOM_PUBLIC,
                      .epoch = UINT64_C(0xe000000000000001),
                      .created_ms = 1700000000001,
                      .updated_ms = 1700000000002 };

    assert_true(str_copy(r.title, sizeof r.title, str_of(title)));
    assert_true(str_copy(r.title_key, sizeof r.title_key, str_of(title)));
    memset(r.key, 'k', sizeof r.key);
    return r;
}

struct room suite_room_added(struct suite *s, const char *title)
{
    struct room r = suite_room(title);

    assert_int_equal(store_room_add(s->reader, &r, 1000), STORE_OK);
    return r;
}

void assert_room(const struct room *got, const struct room *want)
{
    assert_int_equal(got->id, want->id);
    assert_int_equal(got->order, want->order);
    assert_int_equal(got->version, want->version);
    assert_string_equal(got->title, want->title);
    assert_string_equal(got->title_key, want->title_key);
    assert_string_equal(got->description, want->description);
    assert_int_equal(got->visibility, want->visibility);
    assert_string_equal(got->password, want->password);
    assert_memory_equal(got->key, want->key, sizeof got->key);
    assert_int_equal(got->owned, want->owned);
    if (want->owned)
        assert_memory_equal(got->owner, want->owner, sizeof got->owner);
    assert_true(got->epoch == want->epoch);
    assert_int_equal(got->created_ms, want->created_ms);
    assert_int_equal(got->updated_ms, want->updated_ms);
}

/* ---- appends ---- */

struct log suite_log(struct suite *s, const char *title)
{
    struct room r = suite_room_added(s, title);

    return (struct log){ r.id, r.epoch };
}

struct log suite_log_in(const struct log *log, uint64_t epoch)
{
    return (struct log){ log->id, epoch };
}

struct batch *batch_new(struct suite *s)
{
    s->batch.n = 0;
    return &s->batch;
}

void set_person(struct entry *e, char person)
{
    memset(e->person, person, sizeof e->person);
    memset(e->who, person, sizeof e->who);
}

static struct append *batch_put(struct batch *b, const struct log *log, int64_t seq, const char *cid)
{
    struct append *a = &b->a[b->n];

    assert_true(b->n < STORE_BATCH_MAX);
    *a = (struct append){ .outcome = APPEND_UNKNOWN };
    a->entry.room_id = log->id;
    a->entry.epoch = log->epoch;
    a->entry.seq = seq;
    a->entry.time_ms = 1700000000000 + seq % 100000;
    a->entry.cid = str_of(cid);
    a->entry.name = a->entry.color = a->entry.msg = STR("");
    set_person(&a->entry, 'a');
    b->list[b->n++] = a;
    return a;
}

struct append *batch_send(struct batch *b, const struct log *log, int64_t seq, const char *cid,
                          const char *msg)
{
    struct append *a = batch_put(b, log, seq, cid);

    a->entry.kind = ENTRY_SEND;
    a->entry.name = STR("Ann");
    a->entry.color = STR("#00ff00");
    a->entry.msg = str_of(msg);
    return a;
}

struct append *batch_remove(struct batch *b, const struct log *log, int64_t seq, const char *cid,
                            int64_t target)
{
    struct append *a = batch_put(b, log, seq, cid);

    a->entry.kind = ENTRY_REMOVE;
    a->entry.target = target;
    return a;
}

void batch_append(struct suite *s)
{
    store_append(s->writer, s->batch.list, s->batch.n);
}

struct append suite_send(struct suite *s, const struct log *log, int64_t seq, const char *cid,
                         const char *msg)
{
    batch_send(batch_new(s), log, seq, cid, msg);
    batch_append(s);
    return s->batch.a[0];
}

struct append suite_remove(struct suite *s, const struct log *log, int64_t seq, const char *cid,
                           int64_t target)
{
    batch_remove(batch_new(s), log, seq, cid, target);
    batch_append(s);
    return s->batch.a[0];
}

const char *sent_cid(char out[SENT_CID_SIZE], const struct log *log, int64_t seq)
{
    snprintf(out, SENT_CID_SIZE, "cid-of-epoch-%016" PRIx64 "-%08" PRId64, log->epoch, seq);
    return out;
}

size_t suite_filled(struct suite *s, const struct log *log, int64_t seq, size_t n)
{
    char(*cid)[SENT_CID_SIZE] = calloc(n + 1, sizeof *cid);
    struct batch *b;
    size_t stored = 0;

    for (size_t done = 0; cid && done < n;) {
        b = batch_new(s);
        for (; done < n && b->n < STORE_BATCH_MAX; done++, seq++)
            batch_send(b, log, seq, sent_cid(cid[done], log, seq), cid[done]);
        batch_append(s);
        for (size_t i = 0; i < b->n; i++)
            stored += b->a[i].outcome == APPEND_STORED && b->a[i].at.epoch == log->epoch &&
                      b->a[i].at.seq == b->a[i].entry.seq;
    }
    free(cid);
    return stored;
}

/* ---- what must be so ---- */

void assert_outcome_at(const struct append *a, enum append_outcome what, uint64_t epoch, int64_t seq,
                       const char *file, int line)
{
    _assert_int_equal(a->outcome, what, file, line);
    _assert_int_equal(a->at.epoch, epoch, file, line);
    _assert_int_equal((uint64_t)a->at.seq, (uint64_t)seq, file, line);
}

void assert_state_at(struct suite *s, const struct log *log, int64_t first, int64_t head, const char *file,
                     int line)
{
    struct store *const handles[] = { s->writer, s->reader };
    struct log_state got;

    for (size_t i = 0; i < 2; i++) {
        memset(&got, 0x55, sizeof got);
        _assert_int_equal(store_log_state(handles[i], log->id, log->epoch, &got), STORE_OK, file, line);
        _assert_int_equal(got.epoch, log->epoch, file, line);
        _assert_int_equal((uint64_t)got.first, (uint64_t)first, file, line);
        _assert_int_equal((uint64_t)got.head, (uint64_t)head, file, line);
    }
}

static void assert_str(struct str got, struct str want, const char *file, int line)
{
    _assert_int_equal(got.n, want.n, file, line);
    if (want.n)
        _assert_memory_equal(got.p, want.p, want.n, file, line);
}

void assert_entry_at(const struct entry *got, const struct entry *want, const char *file, int line)
{
    _assert_int_equal((uint64_t)got->room_id, (uint64_t)want->room_id, file, line);
    _assert_int_equal(got->epoch, want->epoch, file, line);
    _assert_int_equal((uint64_t)got->seq, (uint64_t)want->seq, file, line);
    _assert_int_equal((uint64_t)got->time_ms, (uint64_t)want->time_ms, file, line);
    _assert_int_equal(got->kind, want->kind, file, line);
    _assert_int_equal(got->verified, want->verified, file, line);
    _assert_int_equal(got->removed, want->removed, file, line);
    _assert_int_equal((uint64_t)got->target, (uint64_t)want->target, file, line);
    _assert_memory_equal(got->person, want->person, sizeof got->person, file, line);
    _assert_memory_equal(got->who, want->who, sizeof got->who, file, line);
    assert_str(got->cid, want->cid, file, line);
    assert_str(got->name, want->name, file, line);
    assert_str(got->color, want->color, file, line);
    assert_str(got->msg, want->msg, file, line);
}

struct log_page suite_page(struct suite *s, const struct log *log, int64_t before, int64_t after,
                           size_t limit)
{
    struct log_query q = { log->id, log->epoch, before, after, limit };
    struct log_page page;

    memset(&page, 0x55, sizeof page);
    assert_int_equal(store_log_page(s->reader, &q, &page), STORE_OK);
    return page;
}

struct log_page suite_cid(struct suite *s, const struct log *log, const char *cid)
{
    struct log_page page;

    memset(&page, 0x55, sizeof page);
    assert_int_equal(store_log_cid(s->reader, log->id, str_of(cid), &page), STORE_OK);
    assert_int_equal(page.n, 1);
    return page;
}

void assert_no_cid_at(struct suite *s, const struct log *log, const char *cid, const char *file, int line)
{
    struct log_page page;

    memset(&page, 0x55, sizeof page);
    _assert_int_equal(store_log_cid(s->reader, log->id, str_of(cid), &page), STORE_NONE, file, line);
    _assert_int_equal(page.n, 0, file, line);
    log_page_free(&page);
}
