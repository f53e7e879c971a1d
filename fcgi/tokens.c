/* SPDX-License-Identifier: MIT
 * Tokens given and renewed (contract section 2). The token itself is common/token.c's, passwords are checked
 * under a slot (slots.h), and only where the rates of wrong ones allow another try (common/rates.h).
 */
#include "fcgi/call.h"

#include <errno.h>

#include "common/clock.h"
#include "common/key.h"
#include "common/owner.h"

struct login {
    struct str secret; /* p == NULL: none, or no text */
    struct str name;
    bool guest;
};

static enum err read_login(struct call *c, struct login *login)
{
    struct json_member m[] = { { .name = "secret" }, { .name = "name" }, { .name = "guest" } };

    if (!json_read(c->w->json, c->q->body, m, sizeof m / sizeof *m))
        return ERR_LOGIN_JSON;
    if (m[1].kind != JSON_TEXT)
        return call_fail(c, ERR_LOGIN_JSON, "name");
    if (m[2].kind != JSON_ABSENT && m[2].kind != JSON_BOOL)
        return call_fail(c, ERR_LOGIN_JSON, "guest");
    login->guest = str_is(m[2].text, "true");
    login->secret = m[0].kind == JSON_TEXT ? m[0].text : (struct str){ 0 };
    login->name = m[1].text;
    return ERR_OK;
}

/* Best effort: whoever changes the row meanwhile wins, and the next login tries again. */
static void renew_hash(struct call *c, struct str password)
{
    struct room room = c->room;

    if (password_hash(password, room.password) && store_room_update(c->w->store, &room) == STORE_OK)
        c->room = room;
}

static enum err check_password(struct call *c, struct str secret)
{
    enum err e = call_begin_hash(c);
    bool good, no_memory;

    if (e)
        return e;
    good = password_verify(secret, c->room.password);
    no_memory = !good && errno == ENOMEM;
    if (good && password_stale(c->room.password))
        renew_hash(c, secret);
    call_end_hash(c, !good);
    if (no_memory)
        return call_trouble(c, ERR_INTERNAL, "no memory to check a password");
    return good ? ERR_OK : call_fail(c, ERR_LOGIN_UNAUTHORIZED, "secret");
}

/* Only wrong secrets count. Some more than a limit may be under way at once (as many as there are threads): they are
 * all charged, and waited for. */
static enum err check_secret(struct call *c, struct str secret, enum role *role)
{
    enum err e;

    if (!secret.n || secret.n > ROOM_PASSWORD_MAX) /* nobody's guess */
        return call_fail(c, ERR_LOGIN_UNAUTHORIZED, "secret");
    if (owner_is(&c->room, secret)) { /* nor is this one: whatever others guess, it keeps no owner out */
        *role = ROLE_OWNER;
        return ERR_OK;
    }
    *role = ROLE_MEMBER;
    e = call_charge(c, RATE_LOGIN);
    if (e)
        return e;
    if (c->room.visibility == ROOM_PUBLIC) /* which has no password */
        e = call_fail(c, ERR_LOGIN_UNAUTHORIZED, "secret");
    else
        e = check_password(c, secret);
    if (!e || e == ERR_LOGIN_UNAUTHORIZED)
        call_charge(c, e ? RATE_WRONG : RATE_ENTERED);
    return e;
}

/* Signs the token, which lives for its lifetime but never past its greatest age, and puts it into the answer.
 */
static enum err give_token(struct call *c, struct token *t, int64_t now_s)
{
    int64_t end = t->issued + c->w->settings->token_max_age / 1000;
    struct buf text = { 0 }, *out = &c->res->body;

    t->expires = now_s + c->w->settings->token_lifetime / 1000;
    if (t->expires > end)
        t->expires = end;
    if (!token_write(&text, t, c->w->secrets, c->room.key)) {
        buf_free(&text);
        return call_trouble(c, ERR_INTERNAL, "a token could not be written");
    }
    c->res->status = 201;
    c->res->private = true;
    buf_text(out, "{\"status\":true,\"name\":");
    buf_json(out, str_of(t->name));
    buf_text(out, ",\"room_id\":");
    buf_i64(out, t->room_id);
    buf_text(out, ",\"token\":");
    buf_json(out, buf_all(&text));
    buf_char(out, '}');
    buf_free(&text);
    return ERR_OK;
}

static enum err no_token_needed(struct call *c)
{
    buf_text(&c->res->body, "{\"status\":true}");
    return ERR_OK;
}

enum err token_post(struct call *c)
{
    struct token t = { .role = ROLE_GUEST, .room_id = c->room.id };
    struct login login = { 0 };
    bool open, known;
    int64_t now_s;
    enum err e = read_login(c, &login);

    if (e)
        return e;
    open = c->room.visibility == ROOM_PUBLIC;
    known = !open || owner_shaped(login.secret); /* comes as somebody, not as anyone */
    if (!known && !login.guest)
        return no_token_needed(c);
    if (!person_name_ok(login.name, c->w->settings->name_max) || !str_copy(t.name, sizeof t.name, login.name))
        return call_fail(c, ERR_ROOM_CONTENT, "name");
    if (known)
        e = check_secret(c, login.secret, &t.role);
    if (e)
        return e;
    now_s = clock_wall_ms() / 1000;
    key_random(t.person, sizeof t.person);
    t.issued = now_s;
    return give_token(c, &t, now_s);
}

enum err token_renew(struct call *c)
{
    int64_t now_s = clock_wall_ms() / 1000;

    if (!c->has_token && c->room.visibility == ROOM_PUBLIC)
        return no_token_needed(c);
    if (!c->has_token || now_s - c->token.issued >= c->w->settings->token_max_age / 1000)
        return call_fail(c, ERR_TOKEN_INVALID, "token");
    return give_token(c, &c->token, now_s);
}
