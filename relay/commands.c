/* SPDX-License-Identifier: MIT
 * The commands of clients; see commands.h. One row each, one handler each; whoever reads the table reads what
 * a client may do and when.
 */
#include "relay/commands.h"

#include "common/fold.h"

/* Whether it must have joined. */
enum state { ANY, JOINED };

struct command {
    const char *name;
    enum state state;
    void (*run)(struct hub *h, struct conn *c, const struct event_in *ev);
};

/* Prints a join or leave into the hub's scratch; the text is of this person. */
static struct str news(struct hub *h, const struct conn *c, const char *type, const char *what)
{
    const struct world *w = hub_world(h);
    const struct person *who = c->person;
    struct buf *b = &hub_lists(h)->scratch;
    struct buf msg = { 0 };
    size_t payload;

    buf_clear(b);
    payload = event_frame_begin(b);
    buf_str(&msg, who->name);
    buf_text(&msg, what);
    event_json(b, &(struct event_out){ .type = type,
                                       .name = who->name,
                                       .color = who->color,
                                       .msg = buf_all(&msg),
                                       .room_id = c->room->id,
                                       .time_ms = w->wall_ms(w->self),
                                       .verified = who->verified,
                                       .who = who->who });
    buf_free(&msg);
    return event_frame_end(b, payload);
}

/* The person a join asks for: one that is here already, or a new one. Says so to the connection where it may
 * not be. */
static struct person *person_for(struct hub *h, struct conn *c, struct str name, struct str color)
{
    const struct world *w = hub_world(h);
    struct presence *p = &c->room->presence;
    struct person *who = presence_by_id(p, c->id);
    struct buf key = { 0 };
    struct person add = {
        .verified = c->verified, .active_ms = w->wall_ms(w->self), .name = name, .color = color
    };

    if (who) /* the same person by another connection */
        return who;
    fold_key(&key, name);
    add.key = buf_all(&key);
    if (presence_by_key(p, add.key)) {
        conn_say_error(c, ERR_CLIENT_DUPLICATE, name);
    } else {
        memcpy(add.id, c->id, sizeof add.id);
        token_who(add.who, c->id, c->room->key);
        who = buf_ok(&key) ? presence_add(p, &add) : NULL;
        if (who)
            hub_count_people(h, 1);
        else
            conn_say_error(c, ERR_UNAVAILABLE, (struct str){ 0 });
    }
    buf_free(&key);
    return who;
}

static void on_join(struct hub *h, struct conn *c, const struct event_in *ev)
{
    struct str name = c->name ? str_of(c->name) : ev->name;
    struct str color = ev->color.p ? ev->color : STR("");
    const struct world *w = hub_world(h);
    struct person *who;
    int64_t wait_ms;

    if (c->person) {
        conn_say_error(c, ERR_CLIENT_UNAUTHORIZED, (struct str){ 0 });
        return;
    }
    if (!person_name_ok(name, hub_limits(h)->name_max)) {
        conn_say_error(c, ERR_ROOM_CONTENT, STR("name"));
        return;
    }
    wait_ms = w->charge_join(w->self, c->from);
    if (wait_ms) {
        conn_say_wait(c, ERR_TOO_MANY, STR("join_rate"), wait_ms);
        return;
    }
    who = person_for(h, c, name, color);
    if (!who)
        return;
    c->person = who;
    str_copy(c->color, sizeof c->color, color);
    if (who->sockets++ == 0)
        hub_news(h, c, news(h, c, "join", " entered the room."));
    else /* the room knows; the connection alone is told */
        conn_say(c, news(h, c, "join", " entered the room."));
}

static void on_send(struct hub *h, struct conn *c, const struct event_in *ev)
{
    const struct world *w = hub_world(h);
    struct pending *p;

    if (!ev->msg.n || (int64_t)ev->msg.n > hub_limits(h)->message_max) {
        conn_say_error(c, ERR_ROOM_CONTENT, STR("msg"));
        return;
    }
    c->person->active_ms = w->wall_ms(w->self);
    p = hub_pending(h, c, ev->color.p ? ev->color : str_of(c->color), ev->msg);
    if (!p)
        conn_say_error(c, ERR_UNAVAILABLE, (struct str){ 0 });
    else if (!hub_append(h, p))
        conn_say_error(c, ERR_UNAVAILABLE, STR("pending_max"));
}

/* Only one's own: whatever name the event has. */
static void on_leave(struct hub *h, struct conn *c, const struct event_in *ev)
{
    (void)ev;
    command_gone(h, c);
}

static const struct command commands[] = {
    /* name    state   handler */
    { "join", ANY, on_join },
    { "send", JOINED, on_send },
    { "leave", JOINED, on_leave },
};

void command_run(struct hub *h, struct conn *c, const struct event_in *ev)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *command = &commands[i];

        if (!str_is(ev->type, command->name))
            continue;
        if (command->state == JOINED && !c->person)
            conn_say_error(c, ERR_CLIENT_NOT_FOUND, (struct str){ 0 });
        else
            command->run(h, c, ev);
        return;
    }
    conn_say_error(c, ERR_CLIENT_JSON, STR("event_type"));
}

void command_gone(struct hub *h, struct conn *c)
{
    struct person *who = c->person;

    if (--who->sockets == 0) {
        hub_news(h, c, news(h, c, "leave", " has left the room."));
        presence_remove(&c->room->presence, who);
        hub_count_people(h, -1);
    }
    c->person = NULL;
}
