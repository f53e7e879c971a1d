/* SPDX-License-Identifier: MIT
 * The newest frames of a room, in one flat buffer: printed once, sent to everyone from here. A reader is a
 * cursor: a position in the stream of all bytes that the room ever got. Sends are marked by their seq, so
 * that a reader who fell out can be told by seq what it has, and come back by seq.
 */
#ifndef RELAY_WINDOW_H
#define RELAY_WINDOW_H

#include "common/str.h"

struct window {
    uint8_t *bytes;
    size_t len, size;
    uint64_t base;  /* the position of bytes[0] */
    uint32_t *mark; /* of each send in here, rising: the low half of the position where its frame begins */
    uint32_t marks, marks_size;
    int64_t first; /* seq of mark[0]; with no marks the seq to come next */
};

/* How much memory windows may take: each, and all together (kept here). */
struct window_budget {
    size_t room_max, total_max, total;
};

/* next: the seq that the first send put into it will have. */
void window_init(struct window *w, int64_t next);
void window_free(struct window *w, struct window_budget *budget);

static inline uint64_t window_end(const struct window *w)
{
    return w->base + w->len;
}

/* The seq that comes next. */
static inline int64_t window_next(const struct window *w)
{
    return w->first + w->marks;
}

/* Makes room for n more bytes if it may still grow; else says up to which position the oldest must be dropped
 * first (window_drop(), then ask again). 0: there is room now. UINT64_MAX: no memory. */
uint64_t window_room(struct window *w, size_t n, struct window_budget *budget);

/* Forgets everything before a position. */
void window_drop(struct window *w, uint64_t before);

/* Puts a frame behind the others; window_room() has said 0 for its length. seq: of a send, 0 for any other
 * frame. A seq that is not window_next() begins the marks anew with it. */
void window_put(struct window *w, struct str frame, int64_t seq);

/* Where a reader goes on that has all sends before seq; 0 when that has been dropped. */
uint64_t window_find(const struct window *w, int64_t seq);

/* The first send that a reader at this position has not got. */
int64_t window_seq_at(const struct window *w, uint64_t position);

#endif
