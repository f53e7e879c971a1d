/* SPDX-License-Identifier: MIT
 * What several handlers need (call.h): the room, the right to it, the relay's people, a hash. Writes no HTTP.
 */
#include "fcgi/call.h"

#include "common/clock.h"
#include "common/fold.h"
#include "common/owner.h"

enum err call_fail(struct call *c, enum err e, const char *field)
{
    c->field = str_of(field);
    return e;
}

enum err call_trouble(struct call *c, enum err e, const char *why)
{
    c->why = why;
    return call_fail(c, e, NULL);
}

/* Enough of what was asked for to know it again, cut between characters. */
static struct str cut(struct str s)
{
    if (s.n < ROOM_TEXT_SIZE)
        return s;
    s.n = ROOM_TEXT_SIZE - 1;
    while (s.n && (s.p[s.n] & 0xc0) == 0x80)
        s.n--;
    return s;
}

enum err call_store(struct call *c, enum store_result r)
{
    switch (r) {
    case STORE_OK:
        return ERR_OK;
    case STORE_NONE:
        c->field = cut(c->asked);
        return ERR_ROOM_NOT_FOUND;
    case STORE_TAKEN:
        return call_fail(c, ERR_ROOM_DUPLICATE, "title");
    case STORE_LIMIT:
        return call_fail(c, ERR_TOO_MANY, "rooms_max");
    case STORE_CHANGED:
        return call_trouble(c, ERR_UNAVAILABLE, "the room was changed by others again and again");
    case STORE_FULL:
        return call_trouble(c, ERR_UNAVAILABLE, "the store is full");
    case STORE_UNKNOWN:
        return call_trouble(c, ERR_UNAVAILABLE, "the store did not say whether it was done");
    case STORE_DOWN:
        break;
    }
    worker_store_drop(c->w);
    return call_trouble(c, ERR_UNAVAILABLE, "the store is away");
}

static bool only_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

static enum store_result find(struct call *c)
{
    struct buf key = { 0 };
    enum store_result r = STORE_NONE;
    uint64_t id;

    if (only_digits(c->asked)) {
        if (str_to_u64(c->asked, &id) && id >= 1 && id <= ROOM_ID_MAX)
            r = store_room_get(c->w->store, (int64_t)id, &c->room);
    } else if (fold_key(&key, c->asked)) {
        r = buf_ok(&key) ? store_room_find(c->w->store, buf_all(&key), &c->room) : STORE_DOWN;
    }
    buf_free(&key);
    return r;
}

enum err call_find_room(struct call *c)
{
    return call_store(c, find(c));
}

static bool token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~+/=", c));
}

/* The token of "Bearer <token>"; absent for anything else, and for two of them that a web server has joined.
 */
static struct str bearer(const struct request *q)
{
    static const char scheme[] = "bearer ";
    struct str s = q->authorization, none = { 0 };

    if (s.n < sizeof scheme || strncasecmp(s.p, scheme, sizeof scheme - 1) != 0)
        return none;
    s.p += sizeof scheme - 1;
    s.n -= sizeof scheme - 1;
    for (size_t i = 0; i < s.n; i++)
        if (!token_char(s.p[i]))
            return none;
    return s;
}

void call_read_token(struct call *c)
{
    struct str text = bearer(c->q);

    c->has_token =
        text.p && token_read(&c->token, text, c->w->secrets, c->room.id, c->room.key, clock_wall_ms() / 1000);
    c->is_owner = c->has_token ? c->token.role == ROLE_OWNER : owner_is(&c->room, text);
}

bool call_is_inside(const struct call *c)
{
    return c->room.visibility == ROOM_PUBLIC || c->has_token || c->is_owner;
}

enum err call_may_read(struct call *c)
{
    return call_is_inside(c) ? ERR_OK : call_fail(c, ERR_TOKEN_INVALID, "token");
}

enum err call_may_change(struct call *c)
{
    bool open = c->room.visibility == ROOM_PUBLIC && !c->room.owned;

    if (c->is_owner)
        return ERR_OK;
    if (!open && !c->has_token)
        return call_fail(c, ERR_TOKEN_INVALID, "token");
    if (open && c->w->settings->unowned_rooms == UNOWNED_LOCKED)
        return ERR_ROOM_UNAUTHORIZED;
    return c->room.owned ? ERR_ROOM_UNAUTHORIZED : ERR_OK;
}

enum err call_charge(struct call *c, enum rate what)
{
    struct address address = address_of(c->q->remote.p ? c->q->remote : STR(""), c->q->forwarded,
                                        &c->w->settings->trusted_proxies);
    struct buf scratch = { 0 };
    struct rates_answer said = worker_charge(c->w, what, &address, c->room.id, &scratch);

    buf_free(&scratch);
    c->wait_ms = said.wait_ms;
    if (what == RATE_LOGIN)
        c->trust = said.trust;
    return said.wait_ms ? call_fail(c, ERR_TOO_MANY, said.field) : ERR_OK;
}

enum err call_begin_hash(struct call *c)
{
    struct hashing *hashing = c->w->shared->hashing;

    if (!hashing_enter(hashing, c->has_token || c->is_owner ? TRUST_KNOWN : c->trust))
        return call_fail(c, ERR_TOO_MANY, "hash_jobs");
    if (slots_take(c->w->slots, SLOTS_WAIT_MS))
        return ERR_OK;
    hashing_leave(hashing, false);
    return call_trouble(c, ERR_UNAVAILABLE, "no slot to hash a password");
}

void call_end_hash(struct call *c, bool wrong)
{
    slots_give(c->w->slots);
    hashing_leave(c->w->shared->hashing, wrong);
}

enum err call_hash(struct call *c, struct str password, char out[PASSWORD_HASH_SIZE])
{
    enum err e = call_begin_hash(c);
    bool done;

    if (e)
        return e;
    done = password_hash(password, out);
    call_end_hash(c, false);
    return done ? ERR_OK : call_trouble(c, ERR_INTERNAL, "a password could not be hashed");
}

struct str call_users(struct call *c, struct buf *answer)
{
    struct control_request ask = { .what = CONTROL_USERS, .room_id = c->room.id };
    struct json_member users = { .name = "users" };

    if (!worker_ask(c->w, &ask, answer) || !json_read(c->w->answered, buf_all(answer), &users, 1) ||
        users.kind != JSON_ARRAY)
        return STR("[]");
    return users.text;
}

void call_tell_relay(struct call *c)
{
    struct control_request tell = { .what = CONTROL_ROOM, .room_id = c->room.id };
    struct buf answer = { 0 };

    worker_ask(c->w, &tell, &answer);
    buf_free(&answer);
}

void call_put_room(struct call *c, struct str users)
{
    room_json(&c->res->body, &c->room, users);
}
