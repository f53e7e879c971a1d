/* SPDX-License-Identifier: MIT
 * Everything that rooms, connections and commands need from outside, as functions: sockets, clocks, chance
 * and the store. The relay gives them libwebsockets, the system's clocks and its workers; tests give them a
 * made-up world.
 */
#ifndef RELAY_WORLD_H
#define RELAY_WORLD_H

#include "common/store.h"

struct conn;
struct hub_room;
struct page;

/* One entry on its way: made by a command, appended by the writer, handed back to hub_appended() and freed
 * there. Or news: a frame (a join or leave) that is not stored, but must not overtake the entries before it.
 */
struct pending {
    struct append append; /* its texts point into text */
    struct pending *next;
    struct str news;       /* the frame, in text; absent: an entry */
    struct conn *conn;     /* whose it is; keeps the connection's memory. NULL: news of one that is closing */
    struct hub_room *room; /* kept while it has entries under way */
    int64_t queued_ms;     /* monotonic */
    size_t bytes;          /* that it counts for in pending_max */
    char text[];
};

/* The sockets are the world's: a pointer that only it understands. */
struct world {
    void *self;

    int64_t (*wall_ms)(void *self);
    int64_t (*mono_ms)(void *self);
    void (*chance)(void *self, void *out, size_t n);

    /* Gives a socket bytes of whole frames: how many it took, 0 when it has no room, -1 when it is gone. */
    ssize_t (*send)(void *socket, const uint8_t *p, size_t n);
    /* The rest of a frame that send() took the beginning of, or a last frame: taken whole. False: it is gone.
     */
    bool (*finish)(void *socket, const uint8_t *p, size_t n);
    /* deliver_ready() is to be called when it has room again. */
    void (*want)(void *socket);
    /* Whether frames are read from it. */
    void (*read)(void *socket, bool on);
    /* All has been said: the other side should close now. conn_closed() follows when the socket is gone. */
    void (*hang_up)(void *socket);
    /* It did not: ends the socket, whatever it has not taken. conn_closed() follows soon. */
    void (*cut)(void *socket);

    /* Somebody joins from this address (rates_from()): 0, or the milliseconds after which that is allowed again. */
    int64_t (*charge_join)(void *self, uint64_t from);
    /* Takes the entry; hub_appended() gives it back, in the order in which those of a room were given. */
    void (*append)(void *self, struct pending *p);
    /* Loads a page of a room's log; deliver_page_loaded() is called later. */
    void (*load)(void *self, struct page *page);
};

#endif
