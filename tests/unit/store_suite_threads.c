/* SPDX-License-Identifier: MIT
 * Store suite: readers on other threads, each with a handle of its own, while the writer appends. What they
 * see at any moment is a dense beginning of the log. Worth most under -fsanitize=thread.
 */
#include "tests/unit/store_suite_parts.h"

#include <pthread.h>
#include <stdatomic.h>

enum { READERS = 3, APPENDS = 40, EACH = 25, TOTAL = APPENDS * EACH };

struct reading {
    struct store *store;
    const struct log *log;
    atomic_bool *over; /* nothing comes any more */
    const char *wrong; /* what was seen that must not be, or NULL */
    int64_t head;      /* the newest seen */
};

/* The entries of one page continue what was seen before, up to a head that never goes back. */
static const char *look(struct reading *r)
{
    struct log_query q = { r->log->id, r->log->epoch, 0, r->head, 64 };
    struct log_page page;
    const char *wrong = NULL;

    if (store_log_page(r->store, &q, &page) != STORE_OK)
        wrong = "a page could not be read";
    else if (page.log.head < r->head || page.log.epoch != r->log->epoch || page.log.first != 1)
        wrong = "the log's state went back";
    else if (q.after && page.n < q.limit && (int64_t)page.n != page.log.head - r->head)
        wrong = "a page is shorter than its own state says";
    for (size_t i = 0; !wrong && q.after && i < page.n; i++)
        if (page.entry[i].seq != r->head + (int64_t)i + 1)
            wrong = "a page has a hole";
    if (!wrong && q.after)
        r->head += (int64_t)page.n;
    else if (!wrong && page.n) /* after == 0 is the newest page: begin at the log's beginning */
        r->head = 1;
    log_page_free(&page);
    return wrong;
}

static void *reader_main(void *arg)
{
    struct reading *r = arg;

    while (!r->wrong && r->head < TOTAL) {
        bool over = atomic_load(r->over);
        int64_t before = r->head;

        r->wrong = look(r);
        if (!r->wrong && over && r->head == before)
            r->wrong = "what was stored before is not seen";
    }
    return NULL;
}

static void readers_see_only_dense_beginnings_while_the_writer_appends(void **state)
{
    struct suite *s = *state;
    struct log log = suite_log(s, "room");
    struct reading reading[READERS];
    pthread_t thread[READERS];
    atomic_bool over = false;
    size_t stored = 0;

    for (int i = 0; i < READERS; i++) {
        reading[i] = (struct reading){ s->fixture->open(s->made, STORE_READER), &log, &over, NULL, 0 };
        assert_non_null(reading[i].store);
        assert_int_equal(pthread_create(&thread[i], NULL, reader_main, &reading[i]), 0);
    }
    for (int64_t done = 0; done < TOTAL; done += EACH)
        stored += suite_filled(s, &log, done + 1, EACH); /* not asserted here: the threads must be joined */
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        store_close(reading[i].store);
    }
    assert_int_equal(stored, TOTAL);
    for (int i = 0; i < READERS; i++) {
        if (reading[i].wrong)
            fail_msg("reader %d at %ld: %s", i, (long)reading[i].head, reading[i].wrong);
        assert_int_equal(reading[i].head, TOTAL);
    }
}

struct adding {
    struct store *store;
    int number;
    size_t added;
};

static void *adder_main(void *arg)
{
    struct adding *a = arg;
    char title[32];

    for (int i = 0; i < 10; i++) {
        struct room r = { .visibility = ROOM_PUBLIC, .epoch = 1 };

        snprintf(title, sizeof title, "room %d of %d", i, a->number);
        if (str_copy(r.title, sizeof r.title, str_of(title)) &&
            str_copy(r.title_key, sizeof r.title_key, str_of(title)))
            a->added += store_room_add(a->store, &r, 1000) == STORE_OK;
    }
    return NULL;
}

static void rooms_added_by_several_at_once_are_all_there_with_ids_of_their_own(void **state)
{
    struct suite *s = *state;
    struct room_query all = { .limit = 1000 };
    struct adding adding[READERS];
    pthread_t thread[READERS];
    struct room_list list;

    for (int i = 0; i < READERS; i++) {
        adding[i] = (struct adding){ s->fixture->open(s->made, STORE_READER), i, 0 };
        assert_non_null(adding[i].store);
        assert_int_equal(pthread_create(&thread[i], NULL, adder_main, &adding[i]), 0);
    }
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        store_close(adding[i].store);
    }
    for (int i = 0; i < READERS; i++)
        assert_int_equal(adding[i].added, 10);
    assert_int_equal(store_room_list(s->reader, &all, &list), STORE_OK);
    assert_int_equal(list.n, 10 * READERS);
    for (size_t i = 1; i < list.n; i++) {
        assert_true(list.room[i].order < list.room[i - 1].order);
        assert_true(list.room[i].id < list.room[i - 1].id);
    }
    room_list_free(&list);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(readers_see_only_dense_beginnings_while_the_writer_appends),
    cmocka_unit_test(rooms_added_by_several_at_once_are_all_there_with_ids_of_their_own),
};

const struct suite_part suite_threads = { tests, sizeof tests / sizeof *tests };
