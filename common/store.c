/* SPDX-License-Identifier: MIT
 * store.h for whatever back end: picks one by the URL's scheme, passes calls on, and owns what lists and
 * pages are made of. What a call means is in store.h; how it is done is the back end's.
 */
#include "common/store_ops.h"

enum store_result store_open(struct store **out, const char *url, enum store_use use, struct buf *why)
{
    *out = NULL;
    if (str_begins(str_of(url), "sqlite:"))
        return store_sqlite_open(out, url + strlen("sqlite:"), use, why);
    /* Not what it is: a URI may hold a password. */
    buf_text(why, "store: only sqlite:DIR can be opened by this program");
    return STORE_DOWN;
}

void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}

enum store_result store_ping(struct store *s)
{
    return s->ops->ping(s);
}

bool store_sound(const struct store *s)
{
    return !s->ops->sound || s->ops->sound(s);
}

enum store_result store_room_add(struct store *s, struct room *room, int64_t rooms_max)
{
    return s->ops->room_add(s, room, rooms_max);
}

enum store_result store_room_get(struct store *s, int64_t id, struct room *out)
{
    return s->ops->room_get(s, id, out);
}

enum store_result store_room_find(struct store *s, struct str title_key, struct room *out)
{
    return s->ops->room_find(s, title_key, out);
}

enum store_result store_room_update(struct store *s, struct room *room)
{
    return s->ops->room_update(s, room);
}

enum store_result store_room_remove(struct store *s, int64_t id)
{
    return s->ops->room_remove(s, id);
}

enum store_result store_room_list(struct store *s, const struct room_query *q, struct room_list *out)
{
    *out = (struct room_list){ 0 };
    return s->ops->room_list(s, q, out);
}

enum store_result store_rooms_version(struct store *s, uint64_t *version)
{
    return s->ops->rooms_version(s, version);
}

void store_append(struct store *s, struct append *const *list, size_t n)
{
    s->ops->append(s, list, n);
}

enum store_result store_log_state(struct store *s, int64_t room_id, uint64_t epoch, struct log_state *out)
{
    return s->ops->log_state(s, room_id, epoch, out);
}

enum store_result store_log_page(struct store *s, const struct log_query *q, struct log_page *out)
{
    *out = (struct log_page){ 0 };
    return s->ops->log_page(s, q, out);
}

enum store_result store_log_cid(struct store *s, int64_t room_id, struct str cid, struct log_page *out)
{
    *out = (struct log_page){ 0 };
    return s->ops->log_cid(s, room_id, cid, out);
}

enum store_result store_log_purge(struct store *s, int64_t room_id, size_t most, bool *left)
{
    return s->ops->log_purge(s, room_id, most, left);
}

enum store_result store_log_orphan(struct store *s, int64_t after, int64_t *room_id)
{
    return s->ops->log_orphan(s, after, room_id);
}

void room_list_free(struct room_list *list)
{
    free(list->room);
    *list = (struct room_list){ 0 };
}

/* The texts of one entry; a page has a list of them, so that entries can point into them while the page
 * grows. */
struct page_texts {
    struct page_texts *next;
    char bytes[];
};

bool log_page_add(struct log_page *page, const struct entry *e)
{
    struct page_texts *texts = malloc(sizeof *texts + e->cid.n + e->name.n + e->color.n + e->msg.n + 1);
    struct entry *grown = page->entry;
    char *at;

    if (!texts)
        return false;
    if ((page->n & (page->n - 1)) == 0) { /* 0, 1, 2, 4, 8 …: the array is full */
        grown = realloc(page->entry, (page->n ? 2 * page->n : 1) * sizeof *grown);
        if (!grown) {
            free(texts);
            return false;
        }
        page->entry = grown;
    }
    texts->next = page->memory;
    page->memory = texts;
    at = texts->bytes;
    grown += page->n++;
    *grown = *e;
    grown->cid = str_put(&at, e->cid);
    grown->name = str_put(&at, e->name);
    grown->color = str_put(&at, e->color);
    grown->msg = str_put(&at, e->msg);
    return true;
}

void log_page_free(struct log_page *page)
{
    for (struct page_texts *next, *texts = page->memory; texts; texts = next) {
        next = texts->next;
        free(texts);
    }
    free(page->entry);
    *page = (struct log_page){ 0 };
}
