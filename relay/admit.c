/* SPDX-License-Identifier: MIT
 * Who may come in (contract section 3, in this order: head, handshake, Origin, room, token, limits). Room and
 * key are read and the token is verified by a worker for every handshake, so that what is decided on is never
 * old.
 */
#include "relay/guest.h"

#include "common/clock.h"
#include "common/fold.h"
#include "common/origin.h"
#include "common/path.h"

enum { TRIES = 8 }; /* to read a row that is not known to be old already */

/* What a worker finds out for a guest. */
struct lookup {
    struct job job;
    struct relay *relay;
    struct guest *guest; /* NULL: it has gone meanwhile */
    int64_t room_id;     /* asked for by id, or 0 */
    struct buf asked;    /* what the path named */
    struct buf title_key;
    struct buf token; /* empty: none was given */
    uint64_t row_changes;
    unsigned tries;
    bool no_token; /* what was offered is none */
    bool offered;  /* the token as a subprotocol, to be echoed */

    enum store_result result;
    struct room row;
    struct log_state log;
    bool token_good;
    struct token who;
};

static void lookup_free(struct lookup *l)
{
    buf_free(&l->asked);
    buf_free(&l->title_key);
    buf_free(&l->token);
    free(l);
}

void admit_forget(struct guest *g)
{
    g->lookup->guest = NULL;
    g->lookup = NULL;
}

/* ---- on a worker's thread ---- */

static void lookup_run(struct job *job, struct store *store)
{
    struct lookup *l = (struct lookup *)job;

    l->result = l->room_id ? store_room_get(store, l->room_id, &l->row)
                           : store_room_find(store, buf_all(&l->title_key), &l->row);
    if (l->result == STORE_OK)
        l->result = store_log_state(store, l->row.id, l->row.epoch, &l->log);
    if (l->result == STORE_OK)
        l->token_good = l->token.len && token_read(&l->who, buf_all(&l->token), &l->relay->secrets, l->row.id,
                                                   l->row.key, clock_wall_ms() / 1000);
}

/* ---- on the loop's thread ---- */

/* The limits: ERR_OK, or what is said to it. */
static enum err check_limits(struct guest *g, const struct hub_room *room, uint64_t from, const char **field)
{
    struct relay *relay = guest_relay(g);
    const struct settings *s = &relay->settings;
    struct rates_asked asked = { .what = RATE_CONNECT, .from = from };
    struct rates_answer said;

    *field = "sockets_max";
    if ((int64_t)hub_counts(relay->hub).sockets >= s->sockets_max)
        return ERR_UNAVAILABLE;
    *field = "members_max";
    if (room && room->members >= s->members_max)
        return ERR_TOO_MANY;
    *field = "sockets_per_address";
    if (hub_from(relay->hub, from) >= s->sockets_per_address)
        return ERR_TOO_MANY;
    said = rates_charge(relay->rates, &asked, clock_mono_ms());
    *field = said.field;
    g->wait_ms = said.wait_ms;
    return said.wait_ms ? ERR_TOO_MANY : ERR_OK;
}

/* Room and token are known. */
static void let_in(struct guest *g, struct lookup *l)
{
    struct relay *relay = l->relay;
    struct hub_room *room = hub_find(relay->hub, l->row.id);
    struct ws_handshake hs = { .key = g->head.key,
                               .protocol = l->offered ? g->head.protocol : (struct str){ 0 } };
    struct address address = guest_address(g);
    uint64_t from = rates_from(relay->rates, &address);
    struct conn *c = NULL;
    const char *field;
    enum err e = check_limits(g, room, from, &field);

    if (e) {
        guest_refuse(g, e, str_of(field));
        return;
    }
    room = hub_room(relay->hub, &l->row, &l->log);
    c = room ? conn_new(relay->hub, l->token_good ? &l->who : NULL) : NULL;
    if (!c) {
        guest_refuse(g, ERR_UNAVAILABLE, (struct str){ 0 });
        if (room)
            hub_release(relay->hub, room);
        return;
    }
    c->from = from;
    hs.fd = guest_take_socket(g);
    hs.rest = (struct str){ g->bytes.data + g->head_len, g->bytes.len - g->head_len };
    if (!ws_open(relay->ws, &hs, c, room)) {
        conn_drop(c);
        hub_release(relay->hub, room);
    } /* else the room may be gone again already */
    guest_end(g);
}

/* What was read may be older than what the hub has been told since. */
static bool is_stale(struct relay *relay, const struct lookup *l)
{
    const struct hub_room *room = hub_find(relay->hub, l->row.id);

    return l->row_changes != hub_row_changes(relay->hub) || (room && room->version > l->row.version);
}

static void decide(struct guest *g, struct lookup *l)
{
    struct hub_room *room;

    if (hub_is_deaf(l->relay->hub) || (l->result != STORE_OK && l->result != STORE_NONE)) {
        guest_refuse(g, ERR_UNAVAILABLE, (struct str){ 0 });
    } else if (l->result == STORE_NONE) {
        guest_refuse(g, ERR_ROOM_NOT_FOUND, buf_all(&l->asked));
    } else if (l->tries > TRIES) { /* the row changes faster than it is read, or has become an older one */
        guest_refuse(g, ERR_UNAVAILABLE, (struct str){ 0 });
    } else if (l->no_token || (!l->token_good && l->row.visibility != ROOM_PUBLIC)) {
        guest_refuse(g, ERR_TOKEN_INVALID, STR("token"));
    } else {
        room = hub_find(l->relay->hub, l->row.id);
        if (room)
            hub_room_changed(l->relay->hub, room, &l->row, &l->log);
        let_in(g, l);
    }
}

static void lookup_done(struct job *job)
{
    struct lookup *l = (struct lookup *)job;
    struct guest *g = l->guest;

    if (g && l->result == STORE_OK && is_stale(l->relay, l) && !hub_is_deaf(l->relay->hub) &&
        l->tries++ < TRIES) {
        l->row_changes = hub_row_changes(l->relay->hub);
        workers_read(l->relay->workers, job);
        return;
    }
    if (g) {
        g->lookup = NULL;
        decide(g, l);
    }
    lookup_free(l);
}

/* The token that a head carries, into the look-up; false when what is offered is no token at all. */
static bool find_token(struct lookup *l, const struct head *head)
{
    struct str bearer = head_bearer(head->authorization);

    if (!head->protocol.p) {
        buf_str(&l->token, bearer);
        return true;
    }
    l->offered = true;
    if (head->protocols || !head_token_shaped(head->protocol) || head->protocol.n > TOKEN_TEXT_MAX)
        return false;
    buf_str(&l->token, head->protocol);
    return true;
}

static void look_up(struct guest *g, struct str room)
{
    struct relay *relay = guest_relay(g);
    struct lookup *l = calloc(1, sizeof *l);
    uint64_t id = 0;

    if (!l) {
        guest_refuse(g, ERR_UNAVAILABLE, (struct str){ 0 });
        return;
    }
    l->relay = relay;
    l->guest = g;
    l->row_changes = hub_row_changes(relay->hub);
    l->job.run = lookup_run;
    l->job.done = lookup_done;
    if (str_to_u64(room, &id) && id <= ROOM_ID_MAX)
        l->room_id = (int64_t)id;
    buf_str(&l->asked, room);
    if (!l->room_id && !fold_key(&l->title_key, room)) {
        guest_refuse(g, ERR_ROOM_NOT_FOUND, room);
    } else {
        l->no_token = !find_token(l, &g->head);
        g->lookup = l;
        workers_read(relay->workers, &l->job);
        return;
    }
    lookup_free(l);
}

/* /chats/{room}/ws; anything else is answered here. False: it is. */
static bool find_room(struct guest *g, struct path *path)
{
    struct relay *relay = guest_relay(g);
    bool known = path_read(path, g->head.target, relay->settings.base_path);

    bool health =
        known && path->n == 1 && (str_is(path->segment[0], "healthz") || str_is(path->segment[0], "readyz"));

    if (health && !str_is(g->head.method, "GET") && !str_is(g->head.method, "HEAD"))
        guest_refuse(g, ERR_METHOD, (struct str){ 0 });
    else if (health && str_is(path->segment[0], "healthz"))
        guest_health(g, true);
    else if (health)
        guest_health(g, !workers_broken(relay->workers) && !hub_is_deaf(relay->hub));
    else if (known && path->n == 3 && str_is(path->segment[0], "chats") && str_is(path->segment[2], "ws"))
        return true;
    else
        guest_refuse(g, ERR_NOT_FOUND, (struct str){ 0 });
    return false;
}

/* Browsers let any page open a socket to anywhere: it is for us to look. */
static bool is_foreign(struct guest *g)
{
    const struct settings *s = &guest_relay(g)->settings;
    struct origin_asked asked = { g->head.origin, g->head.host, g->head.fetch_site };

    return g->head.origins || origin_of(&asked, &s->site, &s->allowed_origins) == ORIGIN_FOREIGN;
}

void admit(struct guest *g)
{
    struct path path;

    if (!head_read(&g->head, (struct str){ g->bytes.data, g->head_len })) {
        guest_refuse(g, ERR_SESSION, (struct str){ 0 });
        return;
    }
    if (!find_room(g, &path))
        return;
    if (!head_is_handshake(&g->head))
        guest_refuse(g, ERR_SESSION, (struct str){ 0 });
    else if (!str_is(g->head.version, "13"))
        guest_refuse(g, ERR_SESSION_VERSION, (struct str){ 0 });
    else if (is_foreign(g))
        guest_refuse(g, ERR_ROOM_ORIGIN, STR("origin"));
    else
        look_up(g, path.segment[1]);
}
