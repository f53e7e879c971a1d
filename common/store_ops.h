/* SPDX-License-Identifier: MIT
 * For back ends only: what store.h calls. A back end's struct begins with a struct store.
 */
#ifndef COMMON_STORE_OPS_H
#define COMMON_STORE_OPS_H

#include "common/store.h"

struct store_ops {
    void (*close)(struct store *s);
    enum store_result (*ping)(struct store *s);
    bool (*sound)(const struct store *s); /* NULL: always */
    enum store_result (*room_add)(struct store *s, struct room *room, int64_t rooms_max);
    enum store_result (*room_get)(struct store *s, int64_t id, struct room *out);
    enum store_result (*room_find)(struct store *s, struct str title_key, struct room *out);
    enum store_result (*room_update)(struct store *s, struct room *room);
    enum store_result (*room_remove)(struct store *s, int64_t id);
    enum store_result (*room_list)(struct store *s, const struct room_query *q, struct room_list *out);
    enum store_result (*rooms_version)(struct store *s, uint64_t *version);
    void (*append)(struct store *s, struct append *const *list, size_t n);
    enum store_result (*log_state)(struct store *s, int64_t room_id, uint64_t epoch, struct log_state *out);
    enum store_result (*log_page)(struct store *s, const struct log_query *q, struct log_page *out);
    enum store_result (*log_cid)(struct store *s, int64_t room_id, struct str cid, struct log_page *out);
    enum store_result (*log_purge)(struct store *s, int64_t room_id, size_t most, bool *left);
    enum store_result (*log_orphan)(struct store *s, int64_t after, int64_t *room_id);
};

struct store {
    const struct store_ops *ops;
};

/* dir: what stands behind "sqlite:". */
enum store_result store_sqlite_open(struct store **out, const char *dir, enum store_use use, struct buf *why);

/* Puts a copy of e and its texts behind the entries of a page that is being filled; room for them is made.
 * False: no memory. */
bool log_page_add(struct log_page *page, const struct entry *e);

#endif
