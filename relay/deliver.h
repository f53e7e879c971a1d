/* SPDX-License-Identifier: MIT
 * Bringing a room's frames to its members: one walk a turn over those that are not behind, one send for each;
 * who has no room waits until its socket is writable; who fell out of the window reads pages from the store,
 * shared between all that lag at the same place.
 */
#ifndef RELAY_DELIVER_H
#define RELAY_DELIVER_H

#include "relay/hub.h"

enum { PAGE_ENTRIES = 128, PAGE_BYTES = 64 * 1024 }; /* of one page: at most; after which no entry is added */

/* A stretch of a room's log, printed as frames by a worker. */
struct page {
    struct page *next;     /* in its room's list */
    struct hub_room *room; /* which lives as long as its pages */
    int64_t room_id;
    uint64_t epoch;
    int64_t from, before; /* asked for: seqs from..before-1 */
    uint32_t readers;
    bool loading, failed;
    /* Filled in by the worker: */
    int64_t first;    /* seq of the first one in it */
    uint32_t entries; /* 0: there is nothing (any more) */
    uint32_t *begins; /* entries + 1 offsets into frames.data */
    struct buf frames;
};

/* A frame for everyone in a room; seq: of a send, else 0. */
void deliver_post(struct hub *h, struct hub_room *room, struct str frame, int64_t seq);

/* The room's log begins anew, and all who are in it have been told to close: what was posted is sent to those
 * who can take it, with their close frames, and then forgotten. next: the seq that comes first now. */
void deliver_restart(struct hub *h, struct hub_room *room, int64_t next);

/* The connection has something of its own to send. */
void deliver_speak(struct hub *h, struct conn *c);

/* Nothing more is sent to it. */
void deliver_silence(struct conn *c);

/* The socket has room again. */
void deliver_ready(struct conn *c);

/* A page has come (or page->failed). */
void deliver_page_loaded(struct hub *h, struct page *page);
void page_free(struct page *page);
/* Fills it; on a worker's thread (page.c). */
void page_read(struct page *page, struct store *store);

/* Says now what connections have of their own, close frames among them. */
void deliver_goodbyes(struct hub *h);

/* Walks at most `most` members; true: there is more to do. */
bool deliver_walk(struct hub *h, unsigned most);

/* Closes those that have made no progress for stall_max, and ends those that were told to close and did not. */
void deliver_stalled(struct hub *h);

/* The member leaves the room: what deliver keeps about it is undone. Before hub_remove() takes it from the
 * members. */
void deliver_forget(struct hub *h, struct conn *c);

/* Gives back the windows of rooms in which nothing was written for a minute and everyone has all. */
void deliver_idle(struct hub *h, struct hub_room *room);

#endif
