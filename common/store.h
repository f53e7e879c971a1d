/* SPDX-License-Identifier: MIT
 * The store: rooms, and a log for each. The calls block. A handle is one thread's at a time.
 *
 * The safety of a log rests on two unique keys alone, (room, epoch, seq) and (room, cid); who appends, who caches and
 * who wakes whom is speed. The epoch a log is in is in its room's row: one update of that row opens a room, ends its
 * tokens and begins an empty log, so that nobody ever sees one without the others. What lies in earlier epochs is
 * served no more; its cids still answer DUP. Behind the calls stands SQLite (store_sqlite.c) or any other back end
 * that passes tests/unit/store_suite.c.
 */
#ifndef COMMON_STORE_H
#define COMMON_STORE_H

#include "common/entry.h"

struct store;

enum store_result {
    STORE_OK,
    STORE_NONE,    /* no such thing */
    STORE_TAKEN,   /* another room has this title */
    STORE_CHANGED, /* somebody else changed it meanwhile: read it again */
    STORE_LIMIT,   /* rooms_max is reached */
    STORE_FULL,    /* no space; nothing was changed */
    STORE_DOWN,    /* the store is away or broken; nothing was changed */
    STORE_UNKNOWN  /* it may or may not have been done */
};

/* STORE_READER: rooms to read and write, logs to read. STORE_WRITER: logs to write as well; one process at a
 * time has such handles, the relay. */
enum store_use { STORE_READER, STORE_WRITER };

enum { STORE_PAGE_MAX = 512, STORE_BATCH_MAX = 512 }; /* entries of one page, of one append */

/* url is the setting `store`. What is missing is created, older schemas are upgraded, newer ones refused. A
 * writer also makes sure that all that was ever committed is on disk before it returns. why has one sentence
 * on failure. */
enum store_result store_open(struct store **out, const char *url, enum store_use use, struct buf *why);
void store_close(struct store *s);

/* STORE_OK when it answers. */
enum store_result store_ping(struct store *s);
/* False once something was answered UNKNOWN and only opening it anew can tell: until then it stores nothing. No I/O. */
bool store_sound(const struct store *s);

/* ---- rooms ---- */

/* Stores a new room; sets id (where it is 0), order and version. STORE_TAKEN, STORE_LIMIT. */
enum store_result store_room_add(struct store *s, struct room *room, int64_t rooms_max);
enum store_result store_room_get(struct store *s, int64_t id, struct room *out);
enum store_result store_room_find(struct store *s, struct str title_key, struct room *out);
/* Stores all of it under room->id if its version is still the stored one; sets the new version. STORE_NONE,
 * STORE_CHANGED, STORE_TAKEN. */
enum store_result store_room_update(struct store *s, struct room *room);
enum store_result store_room_remove(struct store *s, int64_t id);

struct room_query {
    struct str words;     /* folded (fold.h); those whose title has it in it; n == 0: all */
    int64_t before_order; /* only rooms made before this one; 0: from the newest */
    size_t limit;
    bool hidden; /* hidden ones too: for the site's owner alone */
};
struct room_list {
    size_t n;
    struct room *room; /* newest first; password, key and owner are left empty */
};
/* The caller owns the list: room_list_free(), also after a failure. */
enum store_result store_room_list(struct store *s, const struct room_query *q, struct room_list *out);
void room_list_free(struct room_list *list);

/* A number that is another one after any change of any room, made by whomever. */
enum store_result store_rooms_version(struct store *s, uint64_t *version);

/* ---- logs ---- */

struct log_place {
    uint64_t epoch;
    int64_t seq;
};

struct log_state {
    uint64_t epoch;
    int64_t first; /* seq of the oldest entry that is still there; head + 1 where there is none */
    int64_t head;  /* seq of the newest; 0 in a new epoch */
};

enum append_outcome {
    APPEND_NOT_TRIED, /* an entry before it in its room failed; nothing stored */
    APPEND_STORED,
    APPEND_DUP,   /* its cid is there already: same author, same text; `at` and time_ms say where */
    APPEND_OTHER, /* its cid is there already with another author or text; nothing stored */
    APPEND_CONFLICT, /* the place asked for is not the next one; `at` is the epoch and its head; nothing stored */
    APPEND_NO_TARGET, /* a removal of what is no send of this epoch, or was removed already; nothing stored */
    APPEND_FULL,      /* no space; nothing stored */
    APPEND_DOWN,      /* the store is away; nothing stored */
    APPEND_UNKNOWN    /* it may or may not be stored: ask store_log_cid() */
};

struct append {
    struct entry entry; /* with a cid, and in epoch and seq the place asked for */
    enum append_outcome outcome;
    struct log_place at; /* STORED: where it is; DUP, CONFLICT: see there */
    int64_t time_ms;     /* DUP: the time of the one that is there */
};

/* Appends entries of many rooms, at most STORE_BATCH_MAX, and answers for each. Entries of one room keep
 * their order; of a room a prefix may be stored, never with a hole. STORED means durable. A removal also
 * takes away name, color and msg of its target, in the same step. */
void store_append(struct store *s, struct append *const *list, size_t n);

/* Where a room's log is in an epoch (struct room's). Never STORE_NONE. */
enum store_result store_log_state(struct store *s, int64_t room_id, uint64_t epoch, struct log_state *out);

struct log_query {
    int64_t room_id;
    uint64_t epoch; /* struct room's */
    int64_t before,
        after;    /* both exclusive, 0: none. With `after` alone the oldest that fit, else the newest */
    size_t limit; /* 1..STORE_PAGE_MAX */
};
struct log_page {
    struct log_state log; /* of the same snapshot */
    size_t n;
    struct entry *entry; /* rising seq; their texts belong to the page */
    void *memory;
};
/* The caller owns the page: log_page_free(), also after a failure. */
enum store_result store_log_page(struct store *s, const struct log_query *q, struct log_page *out);
/* The entry of a room with this cid, of whatever epoch, as a page of one; STORE_NONE. */
enum store_result store_log_cid(struct store *s, int64_t room_id, struct str cid, struct log_page *out);
void log_page_free(struct log_page *page);

/* Takes away at most `most` entries of a removed room; *left: there are more. */
enum store_result store_log_purge(struct store *s, int64_t room_id, size_t most, bool *left);
/* The next room id after `after` that has a log but no room; STORE_NONE at the end. */
enum store_result store_log_orphan(struct store *s, int64_t after, int64_t *room_id);

#endif
