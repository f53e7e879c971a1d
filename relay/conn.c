/* SPDX-License-Identifier: MIT
 * A connection's life; see conn.h. What it may say is commands.c's, how frames reach it deliver.c's.
 */
#include "relay/conn.h"

#include <assert.h>

#include "common/event.h"
#include "relay/commands.h"
#include "relay/deliver.h"

enum { CONN_MAGIC = 0x676c6f62 };

struct conn *conn_new(struct hub *hub, const struct token *token)
{
    struct conn *c = calloc(1, sizeof *c);
    const struct world *w = hub_world(hub);

    if (!c)
        return NULL;
    c->magic = CONN_MAGIC;
    c->hub = hub;
    if (token) {
        memcpy(c->id, token->person, sizeof c->id);
        c->verified = token->role != ROLE_GUEST;
        c->ends_s = token->issued + hub_limits(hub)->token_max_age_ms / 1000;
        c->name = strdup(token->name);
        if (!c->name) {
            free(c);
            return NULL;
        }
    } else {
        w->chance(w->self, c->id, sizeof c->id);
    }
    return c;
}

bool conn_open(struct conn *c, struct hub_room *room, void *socket)
{
    assert(c->magic == CONN_MAGIC);
    return hub_add(c->hub, room, c, socket);
}

void conn_drop(struct conn *c)
{
    if (!c)
        return;
    assert(c->magic == CONN_MAGIC);
    c->magic = 0;
    buf_free(&c->out);
    free(c->name);
    free(c);
}

void conn_closed(struct conn *c)
{
    struct hub_room *room = c->room;

    assert(c->magic == CONN_MAGIC);
    if (!room)
        return;
    conn_hushed(c); /* first, as posting its leave may walk the room */
    if (c->person)
        command_gone(c->hub, c);
    deliver_forget(c->hub, c);
    hub_remove(c->hub, c);
    c->room = NULL;
    c->socket = NULL;
    hub_release(c->hub, room);
    if (!c->pending)
        conn_drop(c);
}

/* Every event counts, good or bad. Who goes on and on although it is told is closed. */
static bool may_speak(struct conn *c)
{
    enum { FLOOD = 10 };
    const struct world *w = hub_world(c->hub);
    struct bucket_rate rate = hub_limits(c->hub)->send_rate;
    struct bucket_rate flood = { rate.interval_us / FLOOD, rate.burst * FLOOD };
    int64_t now_us = w->mono_ms(w->self) * 1000, wait;

    if (bucket_take(&c->flood_full_us, flood, now_us)) {
        conn_close_later(c, CLOSE_POLICY);
        return false;
    }
    wait = bucket_take(&c->send_full_us, rate, now_us);
    if (wait)
        conn_say_wait(c, ERR_TOO_MANY, STR("send_rate"), (wait + 999) / 1000);
    return !wait;
}

void conn_text(struct conn *c, struct str text)
{
    struct event_in ev;
    struct str field = { 0 };
    enum err e;

    assert(c->magic == CONN_MAGIC);
    if (c->closing || hub_is_deaf(c->hub) || !may_speak(c))
        return;
    e = event_read(&ev, hub_lists(c->hub)->json, text, &field);
    if (e)
        conn_say_error(c, e, field);
    else
        command_run(c->hub, c, &ev);
}

void conn_say(struct conn *c, struct str frame)
{
    if (c->closing)
        return;
    buf_str(&c->out, frame);
    if (!buf_ok(&c->out))
        conn_close_later(c, CLOSE_TOO_SLOW);
    deliver_speak(c->hub, c);
}

void conn_say_error(struct conn *c, enum err e, struct str field)
{
    conn_say_wait(c, e, field, 0);
}

void conn_say_wait(struct conn *c, enum err e, struct str field, int64_t wait_ms)
{
    struct buf *b = &hub_lists(c->hub)->scratch;
    size_t payload;

    buf_clear(b);
    payload = event_frame_begin(b);
    event_error_json(b, e, field, wait_ms);
    if (buf_ok(b))
        conn_say(c, event_frame_end(b, payload));
    else
        conn_close_later(c, CLOSE_TOO_SLOW);
}

void conn_close_later(struct conn *c, uint16_t code)
{
    if (c->closing || !c->room)
        return;
    c->closing = code;
    deliver_speak(c->hub, c);
}

void conn_hushed(struct conn *c)
{
    c->closing = c->closing ? c->closing : CLOSE_NORMAL;
    deliver_silence(c);
}

/* Whether it may be read again. */
static bool has_room(const struct conn *c)
{
    return c->pending < hub_limits(c->hub)->pending_per_socket && !c->out.len;
}

void conn_settled(struct conn *c)
{
    const struct world *w = hub_world(c->hub);

    if (!c->room) {
        if (!c->pending)
            conn_drop(c);
        return;
    }
    if (c->deaf && has_room(c)) {
        c->deaf = false;
        w->read(c->socket, true);
    }
}
