/* SPDX-License-Identifier: MIT
 * Appending with retries; see append.h. The store answers for a prefix of each room; what was not tried, or
 * lost the race for its place to somebody else, is proposed again behind the new head. No counter of ours is
 * trusted: heads are asked of the store, which remembers them.
 */
#include "relay/append.h"

enum { TRIES = 20, PLACES = 2 * STORE_BATCH_MAX };

/* The last place given in an epoch of a room in this round. */
struct place {
    int64_t room_id; /* 0: free */
    struct log_place last;
    bool down;
};

struct places {
    struct place slot[PLACES];
};

static struct place *place_of(struct places *all, int64_t room_id, uint64_t epoch)
{
    size_t i = (uint64_t)room_id * UINT64_C(0x9e3779b97f4a7c15) >> 54;

    while (all->slot[i].room_id && (all->slot[i].room_id != room_id || all->slot[i].last.epoch != epoch))
        i = (i + 1) % PLACES;
    return &all->slot[i];
}

/* Gives an entry the next place in its room; false when the store cannot say which that is. */
static bool give_place(struct store *store, struct places *all, struct append *a)
{
    struct place *place = place_of(all, a->entry.room_id, a->entry.epoch);
    struct log_state log;

    if (!place->room_id) {
        place->room_id = a->entry.room_id;
        place->down = store_log_state(store, a->entry.room_id, a->entry.epoch, &log) != STORE_OK;
        place->last = (struct log_place){ a->entry.epoch, place->down ? 0 : log.head };
    }
    if (place->down)
        return false;
    a->entry.seq = ++place->last.seq;
    return true;
}

/* An answer that was lost: asks for the entry by its cid, which is its own. */
static void look_up(struct store *store, struct append *a)
{
    struct log_page page;

    if (store_log_cid(store, a->entry.room_id, a->entry.cid, &page) == STORE_OK && page.n == 1) {
        a->outcome = APPEND_STORED;
        a->at = (struct log_place){ page.entry[0].epoch, page.entry[0].seq };
        a->entry.time_ms = page.entry[0].time_ms;
    }
    log_page_free(&page);
}

/* One proposal of everything that has no outcome yet; how many there are after it. */
static size_t propose(struct store *store, struct append **open, size_t n)
{
    struct places places = { 0 };
    size_t ready = 0, left = 0;

    for (size_t i = 0; i < n; i++) {
        open[i]->outcome = APPEND_DOWN;
        if (give_place(store, &places, open[i]))
            open[ready++] = open[i];
    }
    if (ready)
        store_append(store, open, ready);
    for (size_t i = 0; i < ready; i++) {
        if (open[i]->outcome == APPEND_UNKNOWN)
            look_up(store, open[i]);
        if (open[i]->outcome == APPEND_NOT_TRIED || open[i]->outcome == APPEND_CONFLICT)
            open[left++] = open[i];
    }
    return left;
}

void append_run(struct store *store, struct append *const *list, size_t n)
{
    struct append *open[STORE_BATCH_MAX];
    size_t left = n;

    memcpy(open, list, n * sizeof *open);
    for (int tries = 0; left && tries < TRIES; tries++) {
        size_t before = left;

        left = propose(store, open, left);
        if (left < before) /* somebody is done, if only as a repeat: that is no lost race */
            tries = 0;
    }
    for (size_t i = 0; i < left; i++) /* others were always faster; nothing of these is stored */
        open[i]->outcome = APPEND_DOWN;
}
