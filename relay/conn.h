/* SPDX-License-Identifier: MIT
 * A connection: one open WebSocket in one room. It is made when the accept stage lets somebody in, and its
 * memory lives until the socket is closed and its last entry has come back from the store.
 */
#ifndef RELAY_CONN_H
#define RELAY_CONN_H

#include "relay/world.h"
#include "relay/presence.h"

struct hub;

/* Close codes: RFC 6455 section 7.4.1 and contract section 4. */
enum {
    CLOSE_NORMAL = 1000,
    CLOSE_GOING_AWAY = 1001,
    CLOSE_PROTOCOL = 1002,
    CLOSE_BINARY = 1003,
    CLOSE_POLICY = 1008,
    CLOSE_TOO_BIG = 1009,
    CLOSE_RESTART = 1012,
    CLOSE_TOO_SLOW = 1013
};

/* What a delivery looks at comes first, in one cache line. */
struct conn {
    uint32_t magic;
    uint32_t at;           /* its place among the room's members */
    void *socket;          /* the world's */
    struct hub_room *room; /* NULL before it is opened and once its socket is closed */
    struct hub *hub;
    int64_t lag_seq;  /* the next send that it has to get from pages; 0: it reads the window */
    uint16_t closing; /* the close code; 0 while it is open */
    bool said_close;  /* the close frame is out, or the socket gone: nothing more is sent */
    bool deaf;        /* its socket is not read just now */
    bool verified;    /* the name is a token's, and no guest's */
    bool speaking;    /* in the hub's list of those that have something of their own to be sent */
    struct buf out;   /* frames for it alone; goes before the room's */
    struct conn *next_speaking;
    uint32_t pending;                    /* entries under way */
    struct person *person;               /* as whom it has joined; NULL: it has not */
    char *name;                          /* the token's; NULL: no token */
    uint64_t from;                       /* whose address, as a number (common/rates.h); 0: not known */
    int64_t send_full_us, flood_full_us; /* buckets: of send_rate, and of ten times that */
    int64_t ends_s; /* when it is closed, its token being too old; seconds since 1970, 0: never */
    uint8_t id[TOKEN_PERSON_SIZE];   /* the person: the token's, or of this connection alone */
    char color[ENTRY_COLOR_MAX + 1]; /* the join's */
    /* While it is behind, or its close frame waits for an answer (deliver.c): */
    struct conn *next_behind, *prev_behind;
    int64_t progress_ms; /* when it last took something */
    struct page *page;   /* what it reads instead of the window it fell out of */
    size_t page_at;      /* how far */
};

/* name: of the token, copied; NULL without one, then id and role are made here. NULL: no memory. */
struct conn *conn_new(struct hub *hub, const struct token *token);

/* Puts it into a room, with its socket. From here on it gets the room's frames. False: no memory. */
bool conn_open(struct conn *c, struct hub_room *room, void *socket);

/* A whole text frame has come. */
void conn_text(struct conn *c, struct str text);

/* The socket is gone. Frees the connection, now or when its last entry has come back. */
void conn_closed(struct conn *c);

/* Frees a connection that was never opened. */
void conn_drop(struct conn *c);

/* A frame for it alone, as JSON text in a frame's shape (event.h). */
void conn_say(struct conn *c, struct str frame);
/* wait_ms: when it may try again; 0: that is not known. */
void conn_say_wait(struct conn *c, enum err e, struct str field, int64_t wait_ms);
void conn_say_error(struct conn *c, enum err e, struct str field);

/* Ends it: what is due is sent, then a close frame, then nothing more. Safe from anywhere; only the first
 * call counts. */
void conn_close_later(struct conn *c, uint16_t code);

/* The other side has said close: nothing that it still sends is looked at, and nothing more is sent. */
void conn_hushed(struct conn *c);

/* An entry of it has come back. */
void conn_settled(struct conn *c);

#endif
