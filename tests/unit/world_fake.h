/* SPDX-License-Identifier: MIT
 * A made-up world (relay/world.h) around a hub: sockets that take as many bytes as they are told, clocks moved
 * by hand, seeded chance, and a store that answers when it is told to. Any call for a socket that is closed,
 * or a byte behind a close frame, fails the test; so does whatever the hub has not given back at the end.
 */
#ifndef TESTS_UNIT_WORLD_FAKE_H
#define TESTS_UNIT_WORLD_FAKE_H

#include "relay/deliver.h"
#include "relay/hub.h"
#include "tests/unit/store_fake.h"

#define FAKE_ALL SIZE_MAX

enum { FAKE_ROOM = 7, FAKE_WALK = 1000 };

struct fake_socket {
    struct fake_world *world;
    struct fake_socket *next;
    struct conn *conn; /* NULL once it is closed */
    size_t room;       /* bytes it takes until it is full; FAKE_ALL: it never is */
    bool broken;       /* send and finish say that it is gone */
    bool breaks;       /* finish does */
    bool wanted, deaf, hung_up, cut;
    unsigned sends, listens; /* how often send() was called; how often reading was switched on */
    struct buf got;
    size_t seen; /* of got: what fake_news() has shown */
};

struct fake_world {
    struct world world; /* its self is this */
    struct hub *hub;
    int64_t wall_ms, mono_ms;
    uint64_t chance; /* state of the generator: any number begins another world */
    struct room row; /* of the room that people enter; its log is asked for when it becomes live */
    struct fake_socket *sockets;
    struct pending *appends, **appends_end; /* waiting to be stored, in order */
    size_t waiting;
    struct page *loads[64]; /* waiting to be loaded, in order */
    size_t loading, loads_ever;
    struct store_fake *log;
    struct store *store;
    int64_t join_wait_ms; /* what a join is told; 0: it may */
    unsigned joins_charged;
    uint64_t joined_from; /* of the last one */
    struct buf text;      /* what fake_said() has printed */
    struct json_reader *json;
};

/* How a page comes back. */
enum fake_load { LOAD_WELL, LOAD_FAILED, LOAD_EMPTY, LOAD_WITHOUT_FIRST, LOAD_SHORT };

/* Limits that nothing in a short test reaches. */
struct hub_limits fake_limits(void);

struct fake_world *fake_world_new(const struct hub_limits *limits);
/* Closes what is open, gives back what is under way, and sees that the hub is empty then. */
void fake_world_free(struct fake_world *f);

/* Somebody comes in, without a token where name is NULL. person: which one the token is of. */
struct fake_socket *fake_enter(struct fake_world *f, const char *name, char person);
/* As fake_enter() and "join" under that name, without a token. */
struct fake_socket *fake_guest(struct fake_world *f, const char *name);
struct fake_socket *fake_enter_token(struct fake_world *f, const struct token *token);

void fake_text(struct fake_socket *s, const char *json);
void fake_join(struct fake_socket *s, const char *name);
void fake_send(struct fake_socket *s, const char *msg);
void fake_leave(struct fake_socket *s);
/* n stored messages, walked to whoever takes them: the word, filled up with dots to so many bytes. */
enum { FAKE_TALK = 400 };
void fake_talk(struct fake_socket *s, const char *word, size_t n);
/* The socket is gone; the connection must not touch it any more. */
void fake_close(struct fake_socket *s);

/* From now on it takes so many bytes; tells the connection if it had asked. */
void fake_take(struct fake_socket *s, size_t room);

/* Stores the next n entries (or as many as wait), and hands them back. */
void fake_store(struct fake_world *f, size_t n);
/* The next one comes back so. APPEND_UNKNOWN: it is stored all the same. */
void fake_store_fails(struct fake_world *f, enum append_outcome outcome);
/* Hands back the next page. */
void fake_load(struct fake_world *f, enum fake_load how);
/* Hands back the page that was asked for as the i-th of those that wait. */
void fake_load_at(struct fake_world *f, size_t i, enum fake_load how);
/* Entries of the room that no hub has heard of. */
void fake_store_more(struct fake_world *f, size_t n);
/* A removal of an entry that no hub has heard of. Version 1 of the protocol has no word for it, nor for what is left of
 * its target. */
void fake_store_removal(struct fake_world *f, int64_t target);

/* Ends of turns until nothing is due. */
void fake_flush(struct fake_world *f);
/* All entries are stored, all pages come, all is sent to those that take it. */
void fake_settle(struct fake_world *f);
void fake_pass(struct fake_world *f, int64_t ms); /* and then a tick and the end of a turn */

struct hub_room *fake_room(const struct fake_world *f);
/* The row is another one now: the visibility; a new epoch; a new key. */
void fake_change(struct fake_world *f, enum visibility visibility, bool new_epoch, bool new_key);

/* All whole frames that it got, as one text: "join ann; 1 ann: hi; leave ann; error 202 ann; close 1013 ".
 * Fails the test when the bytes are no whole frames. Lives until the next call. */
const char *fake_said(struct fake_socket *s);
/* The same of those that it has got since this was called last. */
const char *fake_news(struct fake_socket *s);
/* How many of the frames begin with these words. */
size_t fake_count(struct fake_socket *s, const char *begin);
/* Whether these characters were among them, anywhere. */
bool fake_has(const struct fake_socket *s, const char *text);

/* Whether it got the sends from..to, each once and in order; fails the test if not. */
void fake_assert_sends(struct fake_socket *s, unsigned from, unsigned to);

/* The next random number below n. */
uint32_t fake_random(struct fake_world *f, uint32_t n);

#endif
