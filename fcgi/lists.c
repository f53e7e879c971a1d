/* SPDX-License-Identifier: MIT
 * Lists of rooms, newest first, hidden ones never among them: paged for programs, whole for the page of the
 * original.
 */
#include "fcgi/accept.h"
#include "fcgi/pages.h"

#include "common/fold.h"

enum { LIST_LIMIT = 50, LIST_LIMIT_MAX = 200, LIST_ALL = 100 };

/* Nobody asks the relay about the people of so many rooms. */
static void put_rooms(struct buf *out, const struct room_list *list, size_t n)
{
    buf_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        buf_text(out, i ? "," : "");
        room_json(out, &list->room[i], STR("[]"));
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static bool has_member(struct str query, const char *name)
{
    struct str part, key;

    while (str_next(&query, '&', &part))
        if (str_next(&part, '=', &key) && str_is(key, name))
            return true;
    return false;
}

/* Digits that make a number of at least 1; what is above `most` becomes that. */
static bool read_positive(struct str s, int64_t most, int64_t *out)
{
    int64_t v = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v > most / 10 ? most : v * 10 + (s.p[i] - '0');
        v = v > most ? most : v;
    }
    *out = v;
    return v >= 1;
}

static enum err read_number(struct call *c, const char *name, int64_t most, int64_t *out)
{
    struct buf text = { 0 };
    bool good = true;

    if (has_member(c->path.query, name))
        good = path_query(c->path.query, name, &text) && read_positive(buf_all(&text), most, out);
    buf_free(&text);
    return good ? ERR_OK : call_fail(c, ERR_ROOM_CONTENT, name);
}

/* As it was asked for, and as titles are compared. */
static enum err read_words(struct call *c, struct buf *text, struct buf *key)
{
    if (has_member(c->path.query, "q") &&
        (!path_query(c->path.query, "q", text) || !fold_key(key, buf_all(text))))
        return call_fail(c, ERR_ROOM_CONTENT, "q");
    return ERR_OK;
}

static void put_json(struct call *c, const struct page_rooms *page)
{
    struct buf *out = &c->res->body;

    buf_text(out, "{\"rooms\":");
    put_rooms(out, page->list, page->n);
    buf_text(out, ",\"next\":");
    if (page->next)
        buf_i64(out, page->next);
    else
        buf_text(out, "null");
    buf_char(out, '}');
}

/* The page of the originals asks with anything accepted, and puts what comes into itself. */
static void put_as_accepted(struct call *c, const struct page_rooms *page)
{
    if (accept_names(c->q->accept, "application/json"))
        put_json(c, page);
    else if (str_is_nocase(c->q->requested_with, "XMLHttpRequest"))
        page_put_fragment(c, page);
    else
        page_put_rooms(c, page);
}

/* One more than is shown is read, to know whether there is a next page. */
static enum err put_page(struct call *c, const struct room_query *q, struct str words)
{
    struct room_query more = *q;
    struct room_list list = { 0 };
    struct page_rooms page = { .list = &list, .words = words, .limit = q->limit };
    enum err e;

    more.limit = q->limit + 1;
    e = call_store(c, store_room_list(c->w->store, &more, &list));
    if (!e) {
        page.n = list.n > q->limit ? q->limit : list.n;
        page.next = page.n < list.n ? list.room[page.n - 1].order : 0;
        put_as_accepted(c, &page);
    }
    room_list_free(&list);
    return e;
}

enum err room_list_get(struct call *c)
{
    struct room_query q = { 0 };
    struct buf words = { 0 }, key = { 0 };
    int64_t limit = LIST_LIMIT;
    enum err e = read_number(c, "limit", LIST_LIMIT_MAX, &limit);

    if (!e)
        e = read_number(c, "after", INT64_MAX, &q.before_order);
    if (!e)
        e = read_words(c, &words, &key);
    if (!e) {
        q.limit = (size_t)limit;
        q.words = buf_all(&key);
        e = put_page(c, &q, buf_all(&words));
    }
    buf_free(&words);
    buf_free(&key);
    return e;
}

enum err room_all_get(struct call *c)
{
    struct room_query q = { .limit = LIST_ALL };
    struct room_list list = { 0 };
    enum err e = call_store(c, store_room_list(c->w->store, &q, &list));

    if (!e) {
        buf_text(&c->res->body, "{\"status\":true,\"data\":");
        put_rooms(&c->res->body, &list, list.n);
        buf_char(&c->res->body, '}');
    }
    room_list_free(&list);
    return e;
}
