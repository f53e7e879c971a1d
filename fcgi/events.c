/* SPDX-License-Identifier: MIT
 * What was said in a room last, as its members were told it.
 */
#include "fcgi/call.h"

enum { EVENTS_SHOWN = 50 };

static size_t count_events(const struct log_page *page)
{
    struct event_out ev;
    size_t n = 0;

    for (size_t i = 0; i < page->n; i++)
        n += event_of_entry(&ev, &page->entry[i]);
    return n;
}

/* Entries that are no events take places in a page: where they leave too few, a long page is read instead. */
static enum err read_page(struct call *c, struct log_page *page, size_t *events)
{
    struct log_query q = { .room_id = c->room.id, .epoch = c->room.epoch, .limit = EVENTS_SHOWN };
    enum err e = call_store(c, store_log_page(c->w->store, &q, page));

    if (e)
        return e;
    *events = count_events(page);
    if (*events >= EVENTS_SHOWN || page->n < q.limit)
        return ERR_OK;
    log_page_free(page);
    *page = (struct log_page){ 0 };
    q.limit = STORE_PAGE_MAX;
    e = call_store(c, store_log_page(c->w->store, &q, page));
    if (!e)
        *events = count_events(page);
    return e;
}

enum err call_each_event(struct call *c, void (*put)(struct buf *out, const struct event_out *ev, size_t nth))
{
    struct log_page page = { 0 };
    size_t events = 0, skip, nth = 0;
    enum err e = read_page(c, &page, &events);

    skip = events > EVENTS_SHOWN ? events - EVENTS_SHOWN : 0;
    for (size_t i = 0; !e && i < page.n; i++) {
        struct event_out ev;

        if (!event_of_entry(&ev, &page.entry[i]) || (skip && skip--))
            continue;
        put(&c->res->body, &ev, nth++);
    }
    log_page_free(&page);
    return e;
}

static void put_event(struct buf *out, const struct event_out *ev, size_t nth)
{
    buf_text(out, nth ? "," : "");
    event_json(out, ev);
}

enum err events_get(struct call *c)
{
    enum err e;

    buf_text(&c->res->body, "{\"status\":true,\"data\":[");
    e = call_each_event(c, put_event);
    buf_text(&c->res->body, "]}");
    return e;
}

/* WebSockets are the relay's: who gets here has a web server that does not send them there. */
enum err ws_get(struct call *c)
{
    (void)c;
    return ERR_SESSION;
}
