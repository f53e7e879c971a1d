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

/* The names of settings that the relay has another value of, as a JSON array's inside. */
static void put_differences(struct buf *out, struct worker *w, struct str marks)
{
    uint8_t mark[SETTING_MARK_SIZE], own[SETTING_MARK_SIZE];
    struct json_member theirs = { 0 };

    for (size_t i = 0; i < settings_count(); i++) {
        theirs.name = settings_row(w->settings, i).name;
        settings_mark(w->settings, i, own);
        if (json_read(w->answered, marks, &theirs, 1) && theirs.kind == JSON_TEXT &&
            str_from_hex(theirs.text, mark, sizeof mark) && !memcmp(mark, own, sizeof mark))
            continue;
        buf_text(out, out->len ? "," : "");
        buf_json(out, str_of(theirs.name));
    }
}

static bool relay_answers(struct worker *w, struct buf *differences)
{
    struct control_request ask = { .what = CONTROL_SETTINGS };
    struct json_member settings = { .name = "settings" };
    struct buf answer = { 0 };
    bool good = worker_ask(w, &ask, &answer) && json_read(w->answered, buf_all(&answer), &settings, 1) &&
                settings.kind == JSON_OBJECT;

    if (good)
        put_differences(differences, w, settings.text);
    buf_free(&answer);
    return good;
}

/* An error body in all but that it says of both whether they are there, and of which settings the two programs have
 * different values, as each reads them for itself. */
enum err ready_get(struct call *c)
{
    struct buf *out = &c->res->body, differences = { 0 };
    bool store = store_answers(c->w), relay = relay_answers(c->w, &differences), ready = store && relay;

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
    if (differences.len) {
        buf_text(out, ",\"settings_differ\":[");
        buf_str(out, buf_all(&differences));
        buf_char(out, ']');
    }
    buf_char(out, '}');
    buf_free(&differences);
    return ERR_OK;
}
