/* SPDX-License-Identifier: MIT
 * Whether this program lives, and whether all that it needs is there.
 */
#include "fcgi/call.h"

enum err health_get(struct call *c)
{
    buf_text(&c->res->body, "{\"status\":true}");
    return ERR_OK;
}

static bool store_answers(struct worker *w)
{
    if (!worker_store(w))
        return false;
    if (store_ping(w->store) == STORE_OK)
        return true;
    worker_store_drop(w);
    return false;
}

static bool relay_answers(struct worker *w)
{
    struct control_request ask = { .what = CONTROL_STATS };
    struct buf answer = { 0 };
    bool good = worker_ask(w, &ask, &answer);

    buf_free(&answer);
    return good;
}

/* An error body in all but that it says of both whether they are there. */
enum err ready_get(struct call *c)
{
    bool store = store_answers(c->w), relay = relay_answers(c->w), ready = store && relay;
    struct buf *out = &c->res->body;

    buf_format(out, "{\"status\":%s,\"store\":%s,\"relay\":%s", ready ? "true" : "false",
               store ? "true" : "false", relay ? "true" : "false");
    if (!ready) {
        const struct error_info *e = error_info(ERR_UNAVAILABLE);

        c->why = store ? "the relay is away" : "the store is away";
        c->res->status = e->http;
        response_line(c->res, "Retry-After", STR("1"));
        buf_format(out, ",\"error\":{\"code\":%d,\"error\":\"%s\",\"field\":\"%s\"}", e->code, e->text,
                   store ? "relay" : "store");
    }
    buf_char(out, '}');
    return ERR_OK;
}
