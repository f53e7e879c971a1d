/* SPDX-License-Identifier: MIT
 * Inside of the store suite: what its test files share. Each of them gives the list of its tests to
 * store_suite.c; each test gets a struct suite with a fresh store.
 */
#ifndef TESTS_UNIT_STORE_SUITE_PARTS_H
#define TESTS_UNIT_STORE_SUITE_PARTS_H

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/store_suite.h"

/* A log under test: of this room, in this epoch. */
struct log {
    int64_t id;
    uint64_t epoch;
};

/* One append being put together. */
struct batch {
    size_t n;
    struct append a[STORE_BATCH_MAX];
    struct append *list[STORE_BATCH_MAX];
};

struct suite {
    const struct store_fixture *fixture;
    void *made;
    struct store *writer, *reader;
    struct batch batch;
};

struct suite_part {
    const struct CMUnitTest *tests;
    size_t n;
};

extern const struct suite_part suite_rooms, suite_lists, suite_append, suite_removals, suite_pages,
    suite_epochs, suite_threads;

/* Closes both handles and opens them anew: what was only remembered is forgotten. */
void suite_reopen(struct suite *s);

/* A public room with this title, which is its title_key as well; not stored. */
struct room suite_room(const char *title);
/* The same, stored. */
struct room suite_room_added(struct suite *s, const char *title);
void assert_room(const struct room *got, const struct room *want);

/* The log of a new room. */
struct log suite_log(struct suite *s, const char *title);
/* The same room's log in another epoch. */
struct log suite_log_in(const struct log *log, uint64_t epoch);

/* Empties the batch. */
struct batch *batch_new(struct suite *s);
/* Adds a send, or a removal of `target`, by the person 'a' named Ann; cid must live as long as the batch. The
 * caller may change it. */
struct append *batch_send(struct batch *b, const struct log *log, int64_t seq, const char *cid,
                          const char *msg);
struct append *batch_remove(struct batch *b, const struct log *log, int64_t seq, const char *cid,
                            int64_t target);
/* Who an entry is by. */
void set_person(struct entry *e, char person);
/* Appends it by the writer. */
void batch_append(struct suite *s);

/* Appends one send (or removal) alone. */
struct append suite_send(struct suite *s, const struct log *log, int64_t seq, const char *cid,
                         const char *msg);
struct append suite_remove(struct suite *s, const struct log *log, int64_t seq, const char *cid,
                           int64_t target);
/* Appends n sends from seq on, with the cids and texts of sent_cid(), all of which must be stored. */
#define suite_fill(s, log, seq, n) assert_int_equal(suite_filled(s, log, seq, n), n)
/* The same; how many were stored. */
size_t suite_filled(struct suite *s, const struct log *log, int64_t seq, size_t n);
/* "cid-of-epoch-<epoch>-<seq>": the cid and also the text of what suite_fill() appends. Into a buffer of its
 * own. */
enum { SENT_CID_SIZE = 64 };
const char *sent_cid(char out[SENT_CID_SIZE], const struct log *log, int64_t seq);

/* ---- what must be so; all fail at the caller's line ---- */

#define assert_stored(a, where, s) assert_outcome(a, APPEND_STORED, (where)->epoch, s)
#define assert_outcome(a, what, at_epoch, at_seq) \
    assert_outcome_at(a, what, at_epoch, at_seq, __FILE__, __LINE__)
void assert_outcome_at(const struct append *a, enum append_outcome what, uint64_t epoch, int64_t seq,
                       const char *file, int line);

/* Both handles say so. */
#define assert_state(s, log, first, head) assert_state_at(s, log, first, head, __FILE__, __LINE__)
void assert_state_at(struct suite *s, const struct log *log, int64_t first, int64_t head, const char *file,
                     int line);

/* The entry is what was appended, in every member. */
#define assert_entry(got, want) assert_entry_at(got, want, __FILE__, __LINE__)
void assert_entry_at(const struct entry *got, const struct entry *want, const char *file, int line);

/* The page of a query, by the reader; must be STORE_OK. The caller frees it. */
struct log_page suite_page(struct suite *s, const struct log *log, int64_t before, int64_t after,
                           size_t limit);
/* The entry of a cid as a page of one, which the caller frees. */
struct log_page suite_cid(struct suite *s, const struct log *log, const char *cid);
/* That there is none. */
#define assert_no_cid(s, log, cid) assert_no_cid_at(s, log, cid, __FILE__, __LINE__)
void assert_no_cid_at(struct suite *s, const struct log *log, const char *cid, const char *file, int line);

#endif
