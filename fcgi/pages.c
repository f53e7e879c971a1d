/* SPDX-License-Identifier: MIT
 * The pages, see pages.h. Whatever people have written goes through buf_html(). web/page.js knows the page by the
 * body's data-* and the classes; a change here is a change there.
 */
#include "fcgi/pages.h"

#include "common/event.h"

/* Nothing but what comes from this site's own files, and nobody frames it but the site itself. */
static const char policy[] = "default-src 'none'; "
                             "script-src 'self'; "
                             "style-src 'self'; "
                             "img-src 'self'; "
                             "connect-src 'self'; "
                             "base-uri 'none'; "
                             "form-action 'self'; "
                             "frame-ancestors 'self'";

static void begin_html(struct call *c)
{
    c->res->type = "text/html; charset=utf-8";
    response_line(c->res, "Content-Security-Policy", str_of(policy));
    response_line(c->res, "Referrer-Policy", STR("no-referrer"));
}

/* base_path in front of a path that begins with "/". */
static void put_path(struct call *c, const char *path)
{
    buf_text(&c->res->body, path_base(c->w->settings->base_path));
    buf_text(&c->res->body, path);
}

static void put_room_path(struct call *c, const struct room *room, const char *more)
{
    put_path(c, "/chats/");
    buf_i64(&c->res->body, room->id);
    buf_text(&c->res->body, more);
}

static void put_head(struct call *c, const char *title)
{
    struct buf *b = &c->res->body;

    begin_html(c);
    buf_text(b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    buf_html(b, str_of(title));
    buf_text(b, "</title>\n<link rel=\"icon\" href=\"");
    put_path(c, "/globes/icon.svg\">\n<link rel=\"stylesheet\" href=\"");
    put_path(c, "/globes/page.css\">\n<script type=\"module\" src=\"");
    put_path(c, "/globes/page.js\"></script>\n</head>\n<body data-base=\"");
    put_path(c, "\"");
}

static void put_end(struct call *c)
{
    buf_text(&c->res->body, "</main>\n</body>\n</html>\n");
}

/* ---- the list ---- */

static void put_list(struct call *c, const struct page_rooms *rooms, const char *to)
{
    struct buf *b = &c->res->body;

    buf_text(b, "<ul class=\"rooms\">\n");
    for (size_t i = 0; i < rooms->n; i++) {
        const struct room *room = &rooms->list->room[i];

        buf_text(b, "<li><a href=\"");
        put_room_path(c, room, to);
        buf_text(b, "\">");
        buf_html(b, str_of(room->title));
        buf_format(b, "</a> <span class=\"visibility\">%s</span> <span class=\"description\">",
                   visibility_word(room->visibility));
        buf_html(b, str_of(room->description));
        buf_text(b, "</span></li>\n");
    }
    buf_text(b, "</ul>\n");
}

static void put_next(struct call *c, const struct page_rooms *rooms)
{
    struct buf *b = &c->res->body;

    buf_text(b, "<p><a rel=\"next\" href=\"");
    put_path(c, "/chats?after=");
    buf_i64(b, rooms->next);
    buf_format(b, "&amp;limit=%zu", rooms->limit);
    if (rooms->words.n) {
        buf_text(b, "&amp;q=");
        path_encode(b, rooms->words);
    }
    buf_text(b, "\">Older rooms</a></p>\n");
}

void page_put_rooms(struct call *c, const struct page_rooms *rooms)
{
    struct buf *b = &c->res->body;

    put_head(c, "Chat rooms");
    buf_text(b, " data-view=\"rooms\">\n<main>\n<h1>Chat rooms</h1>\n<form role=\"search\" action=\"");
    put_path(c, "/chats\"><label>Search <input name=\"q\" type=\"search\" maxlength=\"70\" value=\"");
    buf_html(b, rooms->words);
    buf_text(b, "\"></label> <button>Search</button></form>\n");
    if (rooms->n)
        put_list(c, rooms, "");
    else
        buf_text(b, rooms->words.n ? "<p>No room has that in its title.</p>\n"
                                   : "<p>There are no rooms yet.</p>\n");
    if (rooms->next)
        put_next(c, rooms);
    buf_text(
        b, "<noscript><p>To make a room or to write in one, your browser needs JavaScript.</p></noscript>\n");
    put_end(c);
}

void page_put_fragment(struct call *c, const struct page_rooms *rooms)
{
    begin_html(c);
    /* Through entrance: whoever serves the originals' page has it there, and here it leads on to the room. */
    put_list(c, rooms, "/entrance");
}

/* ---- a room ---- */

/* To the minute: the page that makes more of it has the whole time beside it. */
static void put_time(struct buf *b, int64_t time_ms)
{
    enum { DAY = 10, MINUTE_AT = 11, MINUTE = 5 };
    struct buf t = { 0 };

    buf_time(&t, time_ms);
    if (buf_ok(&t)) {
        buf_text(b, "<time datetime=\"");
        buf_str(b, buf_all(&t));
        buf_text(b, "\">");
        buf_bytes(b, t.data, DAY);
        buf_char(b, ' ');
        buf_bytes(b, t.data + MINUTE_AT, MINUTE);
        buf_text(b, " UTC</time>");
    }
    buf_free(&t);
}

static void put_message(struct buf *b, const struct event_out *ev, size_t nth)
{
    (void)nth;
    buf_text(b, "<li><b>");
    buf_html(b, ev->name);
    buf_text(b, "</b> ");
    put_time(b, ev->time_ms);
    buf_text(b, " <span>");
    buf_html(b, ev->msg);
    buf_text(b, "</span></li>\n");
}

static enum err put_messages(struct call *c)
{
    enum err e;

    if (c->room.visibility != ROOM_PUBLIC) {
        buf_text(&c->res->body, "<p>This room is open to those who have its password.</p>\n");
        return ERR_OK;
    }
    buf_text(&c->res->body, "<ol class=\"messages\">\n");
    e = call_each_event(c, put_message);
    buf_text(&c->res->body, "</ol>\n");
    return e;
}

enum err page_put_room(struct call *c)
{
    struct buf *b = &c->res->body;
    enum err e;

    put_head(c, c->room.title);
    buf_format(b, " data-view=\"room\" data-room=\"%lld\" data-visibility=\"%s\">\n<main>\n<p><a href=\"",
               (long long)c->room.id, visibility_word(c->room.visibility));
    put_path(c, "/chats\">All rooms</a></p>\n<h1>");
    buf_html(b, str_of(c->room.title));
    buf_text(b, "</h1>\n<p class=\"description\">");
    buf_html(b, str_of(c->room.description));
    buf_text(b, "</p>\n");
    e = put_messages(c);
    buf_text(b, "<noscript><p>To write here, your browser needs JavaScript.</p></noscript>\n");
    put_end(c);
    return e;
}
