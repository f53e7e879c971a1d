/* SPDX-License-Identifier: MIT
 * One room: made, shown, changed, removed. Its rules are common/room.c's, the right to it was checked by
 * routes.c.
 */
#include "fcgi/accept.h"
#include "fcgi/call.h"
#include "fcgi/pages.h"

#include "common/clock.h"
#include "common/key.h"
#include "common/owner.h"

enum { CHANGE_TRIES = 5 };

/* ---- making one ---- */

/* Nobody is charged, and no password hashed, for a title that is taken. */
static enum err check_title_free(struct call *c)
{
    struct room other;
    enum store_result r;

    if (!c->room.title_key[0])
        return ERR_OK;
    r = store_room_find(c->w->store, str_of(c->room.title_key), &other);
    return r == STORE_NONE ? ERR_OK : call_store(c, r == STORE_OK ? STORE_TAKEN : r);
}

static enum err make_room(struct call *c, const struct room_input *in)
{
    bool secret = c->w->settings->hidden_rooms == HIDDEN_SECRET, new_password;
    enum err e = room_apply(&c->room, in, true, secret, &new_password, &c->field);

    if (!e)
        e = check_title_free(c);
    if (!e)
        e = call_charge(c, RATE_CREATE);
    if (!e && new_password)
        e = call_hash(c, in->password, c->room.password);
    if (e)
        return e;
    room_init(&c->room, clock_wall_ms());
    return call_store(c, store_room_add(c->w->store, &c->room, c->w->settings->rooms_max));
}

enum err room_post(struct call *c)
{
    char owner_token[OWNER_TEXT_SIZE];
    struct room_input in;
    enum err e;

    if (c->w->settings->create_rooms != CREATE_ANYONE)
        return ERR_ROOM_UNAUTHORIZED;
    e = room_input_read(&in, c->w->json, c->q->body, &c->field);
    if (!e && in.owned)
        owner_make(&c->room, owner_token);
    if (!e)
        e = make_room(c, &in);
    if (e)
        return e;
    c->res->status = 201;
    call_put_room(c, STR("[]"));
    if (in.owned) {
        c->res->private = true;
        buf_format(&c->res->body, ",\"owner_token\":\"%s\"", owner_token);
        key_wipe(owner_token, sizeof owner_token);
    }
    /* The page of the original looks for the room's id there. */
    buf_text(&c->res->body, ",\"status\":true,\"data\":{\"id\":");
    buf_i64(&c->res->body, c->room.id);
    buf_text(&c->res->body, "}}");
    return ERR_OK;
}

/* ---- showing one ---- */

static enum err show_room(struct call *c, bool with_users)
{
    struct buf answer = { 0 };

    call_put_room(c, with_users ? call_users(c, &answer) : STR("[]"));
    buf_char(&c->res->body, '}');
    buf_free(&answer);
    return ERR_OK;
}

enum err room_get(struct call *c)
{
    int html = accept_names(c->q->accept, "text/html");

    if (html && html >= accept_names(c->q->accept, "application/json"))
        return page_put_room(c);
    return show_room(c, call_is_inside(c));
}

enum err room_entrance(struct call *c)
{
    struct buf to = { 0 };

    buf_text(&to, path_base(c->w->settings->base_path));
    buf_text(&to, "/chats/");
    buf_i64(&to, c->room.id);
    c->res->status = 303;
    response_line(c->res, "Location", buf_all(&to));
    buf_free(&to);
    return ERR_OK;
}

/* ---- changing one ---- */

/* What is made once for a change, however often it is tried. */
struct change {
    struct room_input in;
    char password[ROOM_HASH_SIZE]; /* hashed; "": not yet */
};

/* A room that is anybody's can be nobody's alone: it may be renamed, not taken away from the others. */
static enum err check_closing(const struct call *c, const struct room_input *in)
{
    enum visibility v;

    if (c->room.visibility != ROOM_PUBLIC || c->room.owned || !in->visibility.p)
        return ERR_OK;
    return visibility_read(in->visibility, &v) && v != ROOM_PUBLIC ? ERR_ROOM_UNAUTHORIZED : ERR_OK;
}

static enum err put_password(struct call *c, struct change *ch, struct room *room)
{
    enum err e = ch->password[0] ? ERR_OK : call_hash(c, ch->in.password, ch->password);

    if (!e)
        str_copy(room->password, sizeof room->password, str_of(ch->password));
    return e;
}

/* The row as it shall be, from the row as it is. */
static enum err plan_change(struct call *c, struct change *ch, struct room *room)
{
    bool secret = c->w->settings->hidden_rooms == HIDDEN_SECRET, new_password, opening;
    enum err e = check_closing(c, &ch->in);

    if (e)
        return e;
    e = room_apply(room, &ch->in, false, secret, &new_password, &c->field);
    if (!e && new_password)
        e = put_password(c, ch, room);
    if (e)
        return e;
    opening = c->room.visibility != ROOM_PUBLIC && room->visibility == ROOM_PUBLIC;
    if (opening || new_password)
        key_random(room->key, sizeof room->key);
    /* What was said in private is not for the public: with the very update that opens it its log begins anew. */
    if (opening)
        key_random(&room->epoch, sizeof room->epoch);
    room->updated_ms = clock_wall_ms();
    return ERR_OK;
}

/* *again: somebody else was faster; c->room is then what they made of it, and the right to it was checked
 * anew. */
static enum err change_room(struct call *c, struct change *ch, bool *again)
{
    struct room room = c->room;
    enum store_result r;
    enum err e = plan_change(c, ch, &room);

    *again = false;
    if (e)
        return e;
    r = store_room_update(c->w->store, &room);
    if (r != STORE_CHANGED) {
        if (r == STORE_OK)
            c->room = room;
        return call_store(c, r);
    }
    *again = true;
    e = call_store(c, store_room_get(c->w->store, room.id, &c->room));
    if (e)
        return e;
    call_read_token(c);
    return call_may_change(c);
}

enum err room_put(struct call *c)
{
    struct change ch = { 0 };
    bool again = true;
    enum err e = room_input_read(&ch.in, c->w->json, c->q->body, &c->field);

    for (int i = 0; !e && again; i++)
        e = i < CHANGE_TRIES ? change_room(c, &ch, &again) : call_store(c, STORE_CHANGED);
    if (e)
        return e;
    call_tell_relay(c);
    return show_room(c, true);
}

enum err room_delete(struct call *c)
{
    enum err e = call_store(c, store_room_remove(c->w->store, c->room.id));

    if (e)
        return e;
    call_tell_relay(c);
    buf_text(&c->res->body, "{\"status\":true}");
    return ERR_OK;
}
