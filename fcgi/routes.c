/* SPDX-License-Identifier: MIT
 * Every call of the API is one row here; what must hold before a handler runs is said in the row, and checked
 * in the order of the contract by routes_answer().
 */
#include "fcgi/routes.h"

#include "common/logline.h"
#include "fcgi/call.h"

enum needs {
    NEEDS_NOTHING,
    NEEDS_STORE,
    NEEDS_ROOM,   /* there is one */
    NEEDS_READER, /* and who asks may read what is said in it */
    NEEDS_CHANGER /* and who asks may change it */
};

static const struct route {
    const char *method;
    const char *path;
    enum needs needs;
    enum err broken; /* what a body that did not come whole is told */
    enum err (*handle)(struct call *c);
} routes[] = {
    /* method   path                       needs          broken body     handler */
    { "GET", "/chats", NEEDS_STORE, ERR_OK, room_list_get },
    { "POST", "/chats", NEEDS_STORE, ERR_ROOM_JSON, room_post },
    { "GET", "/chats/all", NEEDS_STORE, ERR_OK, room_all_get },
    { "GET", "/chats/events/{room}", NEEDS_READER, ERR_OK, events_get },
    { "GET", "/chats/{room}", NEEDS_ROOM, ERR_OK, room_get },
    { "PUT", "/chats/{room}", NEEDS_CHANGER, ERR_ROOM_JSON, room_put },
    { "DELETE", "/chats/{room}", NEEDS_CHANGER, ERR_ROOM_JSON, room_delete },
    { "GET", "/chats/{room}/entrance", NEEDS_ROOM, ERR_OK, room_entrance },
    { "POST", "/chats/{room}/token", NEEDS_ROOM, ERR_LOGIN_JSON, token_post },
    { "GET", "/chats/{room}/token/renew", NEEDS_ROOM, ERR_OK, token_renew },
    { "GET", "/chats/{room}/ws", NEEDS_NOTHING, ERR_OK, ws_get },
    { "GET", "/healthz", NEEDS_NOTHING, ERR_OK, health_get },
    { "GET", "/readyz", NEEDS_NOTHING, ERR_OK, ready_get },
};

enum { ROUTES = sizeof routes / sizeof *routes };

/* Words that stand in a path where rooms do; no room can have such a title. */
static bool is_fixed(struct str segment)
{
    return str_is(segment, "all") || str_is(segment, "events");
}

/* Whether the path is of this form; *asked is then what stands for {room}. */
static bool path_is(const struct path *path, const char *form, struct str *asked)
{
    struct str rest = str_of(form + 1), word, room = { 0 };
    size_t i = 0;

    for (; str_next(&rest, '/', &word); i++) {
        if (i == path->n)
            return false;
        if (str_is(word, "{room}") && !is_fixed(path->segment[i]))
            room = path->segment[i];
        else if (!str_same(word, path->segment[i]))
            return false;
    }
    *asked = room;
    return i == path->n;
}

/* GET and HEAD are one: the answer to HEAD is only not shown. */
static bool method_is(struct str asked, const char *method)
{
    return str_is(asked, method) || (str_is(asked, "HEAD") && !strcmp(method, "GET"));
}

static void list_methods(struct buf *out, const struct path *path)
{
    struct str asked;

    for (size_t i = 0; i < ROUTES; i++) {
        if (!path_is(path, routes[i].path, &asked))
            continue;
        buf_text(out, out->len ? ", " : "");
        buf_text(out, routes[i].method);
        if (!strcmp(routes[i].method, "GET"))
            buf_text(out, ", HEAD");
    }
}

static enum err check_path_and_method(struct call *c, const struct route **route)
{
    bool known = false;

    if (!c->q->target.p || !path_read(&c->path, c->q->target, c->w->settings->base_path))
        return ERR_NOT_FOUND;
    for (size_t i = 0; i < ROUTES; i++) {
        if (!path_is(&c->path, routes[i].path, &c->asked))
            continue;
        known = true;
        if (!method_is(c->q->method, routes[i].method))
            continue;
        *route = &routes[i];
        return ERR_OK;
    }
    return known ? ERR_METHOD : ERR_NOT_FOUND;
}

static enum err check_room(struct call *c, enum needs needs)
{
    enum err e;

    if (needs == NEEDS_NOTHING)
        return ERR_OK;
    if (!worker_store(c->w))
        return call_trouble(c, ERR_UNAVAILABLE, "the store is away");
    if (needs == NEEDS_STORE)
        return ERR_OK;
    e = call_find_room(c);
    if (!e)
        call_read_token(c);
    return e;
}

static enum err check_rights(struct call *c, enum needs needs)
{
    if (needs == NEEDS_READER)
        return call_may_read(c);
    if (needs == NEEDS_CHANGER)
        return call_may_change(c);
    return ERR_OK;
}

static void look_at_origin(struct call *c)
{
    struct origin_asked asked = { c->q->origin, c->q->host, c->q->fetch_site };

    c->origin = origin_of(&asked, &c->w->settings->site, &c->w->settings->allowed_origins);
    if (c->origin == ORIGIN_ALLOWED)
        c->res->allow = c->q->origin;
}

/* A browser asks whether a page of an allowed origin may do what it is about to. */
static enum err answer_preflight(struct call *c)
{
    struct buf methods = { 0 };

    list_methods(&methods, &c->path);
    c->res->status = 204;
    response_line(c->res, "Access-Control-Allow-Methods", buf_all(&methods));
    response_line(c->res, "Access-Control-Allow-Headers", STR("authorization, content-type"));
    response_line(c->res, "Access-Control-Max-Age", STR("600"));
    buf_free(&methods);
    return ERR_OK;
}

/* Reading is open to all pages, as it is to everyone without one: nothing here goes by cookies. */
static enum err check_origin(struct call *c)
{
    if (c->origin != ORIGIN_FOREIGN || method_is(c->q->method, "GET"))
        return ERR_OK;
    return call_fail(c, ERR_ROOM_ORIGIN, "origin");
}

/* The order of checks is the contract's. */
static enum err run(struct call *c, const struct route **route)
{
    enum err e;

    look_at_origin(c);
    if (c->q->head_too_large)
        return ERR_HEAD_TOO_LARGE;
    e = check_path_and_method(c, route);
    if (e == ERR_METHOD && c->origin == ORIGIN_ALLOWED && str_is(c->q->method, "OPTIONS"))
        return answer_preflight(c);
    if (!e)
        e = check_origin(c);
    if (e)
        return e;
    if (c->q->body_state == BODY_TOO_LARGE)
        return ERR_TOO_LARGE;
    e = check_room(c, (*route)->needs);
    if (e)
        return e;
    e = check_rights(c, (*route)->needs);
    if (e)
        return e;
    if (c->q->body_state == BODY_BROKEN && (*route)->broken)
        return (*route)->broken;
    return (*route)->handle(c);
}

/* What the path asks for is people's text: the log has the row's form of it. */
static void log_trouble(const struct call *c, const struct route *route)
{
    log_error("request=%s status=%d call=\"%s %s\" why=\"%s\"", c->res->id, c->res->status,
              route ? route->method : "-", route ? route->path : "-", c->why ? c->why : "no memory");
}

void routes_answer(struct worker *w, const struct request *q, struct response *res)
{
    struct call c = { .w = w, .q = q, .res = res };
    const struct route *route = NULL;
    enum err e;

    response_begin(res);
    e = run(&c, &route);
    if (!e && !buf_ok(&res->body))
        e = call_trouble(&c, ERR_INTERNAL, "no memory");
    if (e)
        response_error(res, e, c.field, c.wait_ms);
    if (e == ERR_METHOD) {
        struct buf methods = { 0 };

        list_methods(&methods, &c.path);
        response_line(res, "Allow", buf_all(&methods));
        buf_free(&methods);
    }
    if (res->status >= 500)
        log_trouble(&c, route);
}
