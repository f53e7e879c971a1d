/* SPDX-License-Identifier: MIT
 * The window of a room; see window.h. Knows no readers: who they are and what becomes of one that falls out
 * is deliver.c's business.
 */
#include "relay/window.h"

enum { WINDOW_LEAST = 4096, MARKS_LEAST = 16 };

void window_init(struct window *w, int64_t next)
{
    *w = (struct window){ .base = 1, .first = next }; /* from 1, so that position 0 is nowhere */
}

void window_free(struct window *w, struct window_budget *budget)
{
    budget->total -= w->size;
    free(w->bytes);
    free(w->mark);
    *w = (struct window){ .base = window_end(w), .first = window_next(w) };
}

static bool resize(struct window *w, size_t size, struct window_budget *budget)
{
    uint8_t *bytes = realloc(w->bytes, size);

    if (!bytes)
        return false;
    budget->total += size - w->size;
    w->bytes = bytes;
    w->size = size;
    return true;
}

static bool marks_room(struct window *w)
{
    uint32_t size = w->marks_size ? 2 * w->marks_size : MARKS_LEAST;
    uint32_t *mark;

    if (w->marks < w->marks_size)
        return true;
    mark = realloc(w->mark, size * sizeof *mark);
    if (!mark)
        return false;
    w->mark = mark;
    w->marks_size = size;
    return true;
}

uint64_t window_room(struct window *w, size_t n, struct window_budget *budget)
{
    size_t size = w->size ? w->size : WINDOW_LEAST;

    if (!marks_room(w))
        return UINT64_MAX;
    while (size < w->len + n)
        size *= 2;
    if (size == w->size)
        return 0;
    /* A small window is always allowed, and one that holds nothing takes a frame of any length. */
    if (w->len == 0 || size <= WINDOW_LEAST ||
        (size <= budget->room_max && budget->total + size - w->size <= budget->total_max))
        return resize(w, size, budget) ? 0 : UINT64_MAX;
    return w->len > n ? w->base + w->len / 2 : window_end(w);
}

void window_drop(struct window *w, uint64_t before)
{
    size_t n = before > w->base ? (size_t)(before - w->base) : 0;
    int64_t seq;

    if (n > w->len)
        n = w->len;
    seq = window_seq_at(w, w->base + n);
    w->len -= n;
    if (w->len)
        memmove(w->bytes, w->bytes + n, w->len);
    w->base += n;
    w->marks -= (uint32_t)(seq - w->first);
    if (w->marks)
        memmove(w->mark, w->mark + (seq - w->first), w->marks * sizeof *w->mark);
    w->first = seq;
}

void window_put(struct window *w, struct str frame, int64_t seq)
{
    if (seq) {
        if (seq != window_next(w)) {
            w->marks = 0;
            w->first = seq;
        }
        w->mark[w->marks++] = (uint32_t)window_end(w);
    }
    memcpy(w->bytes + w->len, frame.p, frame.n);
    w->len += frame.n;
}

/* How far behind base the frame of a mark begins; the difference of the low halves is exact below 4 GB. */
static uint32_t offset(const struct window *w, uint32_t i)
{
    return w->mark[i] - (uint32_t)w->base;
}

uint64_t window_find(const struct window *w, int64_t seq)
{
    if (seq < w->first)
        return 0;
    if (seq >= window_next(w))
        return window_end(w);
    return w->base + offset(w, (uint32_t)(seq - w->first));
}

int64_t window_seq_at(const struct window *w, uint64_t position)
{
    uint32_t low = 0, high = w->marks;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (w->base + offset(w, middle) < position)
            low = middle + 1;
        else
            high = middle;
    }
    return w->first + low;
}
