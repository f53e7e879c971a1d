/* SPDX-License-Identifier: MIT
 * The rooms that have sockets (or entries under way), and what happens in them. Sees no library: the world is
 * given. One thread's.
 */
#ifndef RELAY_HUB_H
#define RELAY_HUB_H

#include "common/bucket.h"
#include "relay/conn.h"
#include "relay/presence.h"
#include "relay/window.h"
#include "relay/world.h"

struct hub_limits {
    size_t window_size, window_total;
    size_t pending_max;
    int64_t pending_per_socket, members_max, message_max, name_max;
    struct bucket_rate send_rate; /* events of one connection */
    int64_t stall_max_ms, token_max_age_ms;
};

/* A place among a room's members. Small, as every delivery walks over them. */
struct member {
    struct conn *conn;
    void *socket;
    uint64_t cursor; /* all before this position is sent; never inside a frame */
    bool behind;     /* waits until its socket has room, or for a page */
};

struct hub_room {
    int64_t id;
    uint64_t epoch;  /* the one its log is in, as the row has it */
    int64_t version; /* of the row */
    enum visibility visibility;
    uint8_t key[ROOM_KEY_SIZE];
    struct hub_room *next; /* in its bucket */
    struct presence presence;
    struct member *member; /* dense */
    uint32_t members, members_size;
    uint32_t pending;    /* entries and news under way */
    int64_t first_end_s; /* the first of its connections' ends_s; INT64_MAX: none */
    /* Of deliver.c: */
    struct window window;
    struct page *pages;
    struct hub_room *next_dirty;
    uint64_t due;      /* who is not behind has all before this */
    uint64_t walk_end; /* what the walk under way brings everyone up to */
    uint32_t walked;   /* members that it has passed; 0: no walk is under way */
    uint32_t behind;   /* members that are */
    bool dirty;
    int64_t written_ms;
};

struct hub_counts {
    size_t sockets, rooms, people, pending;
};

struct hub;

struct hub *hub_new(const struct world *world, const struct hub_limits *limits); /* NULL: no memory */
void hub_free(struct hub *h); /* with all rooms; no socket may be left */

const struct world *hub_world(const struct hub *h);
const struct hub_limits *hub_limits(const struct hub *h);
struct hub_counts hub_counts(const struct hub *h);

/* The room if it is live; else NULL. */
struct hub_room *hub_find(const struct hub *h, int64_t room_id);
/* The live room, made so from its row and the state of its log where it was not. NULL: no memory. */
struct hub_room *hub_room(struct hub *h, const struct room *row, const struct log_state *log);

/* The row of a live room was read again. Ends the connections that may no longer be there (contract section 1
 * and 3). */
void hub_room_changed(struct hub *h, struct hub_room *room, const struct room *row,
                      const struct log_state *log);

/* A room is no more: ends its connections, if it is live. */
void hub_room_gone(struct hub *h, int64_t room_id);
/* Some row, perhaps of a room that is not live, is another one now than it was. */
void hub_row_changed(struct hub *h);
/* How often rows were said to be changed or gone: one that was read before that is not to be believed after. */
uint64_t hub_row_changes(const struct hub *h);

/* Which rooms are live, and by which version of their rows; at most n. Returns how many were given. */
struct hub_version {
    int64_t id, version;
};
size_t hub_versions(const struct hub *h, struct hub_version *out, size_t n);

/* A pending entry for a room, with room for its texts, filled in as far as the hub knows; NULL: no memory. It
 * is counted when it is handed to the world. */
struct pending *hub_pending(struct hub *h, struct conn *c, struct str color, struct str msg);
/* Hands it over; false when pending_max is reached (it is freed then). */
bool hub_append(struct hub *h, struct pending *p);
/* A frame for everyone in the connection's room that is not stored, behind the entries that are under way there; it
 * counts for pending_per_socket until it is posted, but for one that is closing. */
void hub_news(struct hub *h, struct conn *c, struct str frame);
/* It has come back. Tells everyone or its author, frees it. */
void hub_appended(struct hub *h, struct pending *p);

/* From now on nothing that clients say is looked at. */
void hub_deafen(struct hub *h);
bool hub_is_deaf(const struct hub *h);
/* Ends every connection with this code. */
void hub_close_all(struct hub *h, uint16_t code);

/* Once a second or so: closes who makes no progress, gives back memory. */
void hub_tick(struct hub *h);
/* At the end of each turn: sends what is due to at most `most` members. True: there is more to do. */
bool hub_flush(struct hub *h, unsigned most);

/* ---- for conn.c, deliver.c and commands.c ---- */

struct hub_lists {
    struct hub_room *dirty, **dirty_end;
    struct conn *speaking;
    struct conn *behind;
    struct conn *leaving; /* told to close, but still there */
    struct window_budget budget;
    struct buf scratch; /* for the frame being made */
    struct json_reader *json;
};
struct hub_lists *hub_lists(struct hub *h);

bool hub_add(struct hub *h, struct hub_room *room, struct conn *c, void *socket);
void hub_remove(struct hub *h, struct conn *c);
/* Sockets that are open from an address (rates_from()); 0 of one that is not known. */
uint32_t hub_from(const struct hub *h, uint64_t from);
/* People came or went. */
void hub_count_people(struct hub *h, int by);
/* Frees the room at the end of the turn if nobody and nothing needs it any more. */
void hub_release(struct hub *h, struct hub_room *room);

#endif
