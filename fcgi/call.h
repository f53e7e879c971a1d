/* SPDX-License-Identifier: MIT
 * A call: one request on its way through the checks of routes.c to its handler, with what was found out about
 * it so far. And the handlers themselves, one for each row of the table there.
 */
#ifndef FCGI_CALL_H
#define FCGI_CALL_H

#include "common/event.h"
#include "common/origin.h"
#include "common/password.h"
#include "common/path.h"
#include "fcgi/request.h"
#include "fcgi/response.h"
#include "fcgi/worker.h"

struct call {
    struct worker *w;
    const struct request *q;
    struct response *res;
    struct path path;
    struct str asked;       /* what stands for {room} in the path; p == NULL: nothing */
    struct room room;       /* where the path names one */
    bool has_token;         /* the request came with a good one of this room */
    bool is_owner;          /* or with its owner token, or with a token of an owner */
    enum rates_trust trust; /* that is put in a login */
    struct token token;
    enum origin origin;
    struct str field; /* of the error that is returned */
    int64_t wait_ms;  /* with ERR_TOO_MANY: until it may be tried again */
    const char *why;  /* for the log, with a 5xx */
};

/* ---- what handlers share; errors are returned with c->field and c->why set ---- */

enum err call_fail(struct call *c, enum err e, const char *field);
/* Whose fault it is not: 503 or 500. */
enum err call_trouble(struct call *c, enum err e, const char *why);
/* What a store's result means to the client; ERR_OK for STORE_OK. */
enum err call_store(struct call *c, enum store_result r);

/* Finds the room that the path asks for. */
enum err call_find_room(struct call *c);
/* Looks at the Bearer, if there is one: has_token, token, is_owner. */
void call_read_token(struct call *c);
/* Whether what is in the room is for who asks: for anyone in a public one, else with a token. */
bool call_is_inside(const struct call *c);
/* The same as an error. */
enum err call_may_read(struct call *c);
/* May change or remove the room. */
enum err call_may_change(struct call *c);

/* Charges who asks for something; ERR_TOO_MANY. */
enum err call_charge(struct call *c, enum rate what);

/* Around whatever hashes a password: takes a place (hashing.h) and a slot (slots.h); ERR_OK: call_end_hash() follows. */
enum err call_begin_hash(struct call *c);
void call_end_hash(struct call *c, bool wrong);
enum err call_hash(struct call *c, struct str password, char out[PASSWORD_HASH_SIZE]);

/* A JSON array of the people in the room, which lives as long as `answer`; "[]" when the relay is away. */
struct str call_users(struct call *c, struct buf *answer);
/* The room was changed or removed. A relay that does not hear it sees it by itself, a little later. */
void call_tell_relay(struct call *c);

/* Puts the newest 50 events of the room, oldest first, one by one into the answer's body. */
enum err call_each_event(struct call *c,
                         void (*put)(struct buf *out, const struct event_out *ev, size_t nth));

/* Begins the answer {…room…} without its last brace. */
void call_put_room(struct call *c, struct str users);

/* ---- handlers ---- */

enum err room_post(struct call *c);
enum err room_get(struct call *c);
enum err room_entrance(struct call *c);
enum err room_put(struct call *c);
enum err room_delete(struct call *c);
enum err room_list_get(struct call *c);
enum err room_all_get(struct call *c);
enum err token_post(struct call *c);
enum err token_renew(struct call *c);
enum err events_get(struct call *c);
enum err ws_get(struct call *c);
enum err health_get(struct call *c);
enum err ready_get(struct call *c);

#endif
