/* SPDX-License-Identifier: MIT
 * A tally (tally.h): open addressing, the next free place; what is taken out is closed up behind, so that no marks of
 * former keys pile up.
 */
#include "relay/tally.h"

#include <stdlib.h>

enum { SIZE_LEAST = 64 };

void tally_free(struct tally *t)
{
    free(t->place);
    *t = (struct tally){ 0 };
}

/* Where the key is, or the free place where it would be. */
static size_t find(const struct tally *t, uint64_t key)
{
    size_t i = key & (t->size - 1);

    while (t->place[i].key && t->place[i].key != key)
        i = (i + 1) & (t->size - 1);
    return i;
}

uint32_t tally_count(const struct tally *t, uint64_t key)
{
    return t->size ? t->place[find(t, key)].count : 0;
}

static bool grow(struct tally *t)
{
    struct tally bigger = { .used = t->used, .size = t->size ? 2 * t->size : SIZE_LEAST };

    bigger.place = calloc(bigger.size, sizeof *bigger.place);
    if (!bigger.place)
        return false;
    for (size_t i = 0; i < t->size; i++)
        if (t->place[i].key)
            bigger.place[find(&bigger, t->place[i].key)] = t->place[i];
    free(t->place);
    *t = bigger;
    return true;
}

bool tally_add(struct tally *t, uint64_t key)
{
    struct tally_place *p;

    if (t->used >= t->size / 2 && !grow(t))
        return false;
    p = &t->place[find(t, key)];
    t->used += !p->key;
    p->key = key;
    p->count++;
    return true;
}

/* Moves what stands behind a place that has become free to where it would be found. */
static void close_up(struct tally *t, size_t free_at)
{
    size_t mask = t->size - 1;

    for (size_t i = (free_at + 1) & mask; t->place[i].key; i = (i + 1) & mask) {
        size_t home = t->place[i].key & mask;

        if (((i - home) & mask) < ((i - free_at) & mask))
            continue;
        t->place[free_at] = t->place[i];
        t->place[i] = (struct tally_place){ 0 };
        free_at = i;
    }
}

void tally_take(struct tally *t, uint64_t key)
{
    size_t i = t->size ? find(t, key) : 0;

    if (!t->size || !t->place[i].key || --t->place[i].count)
        return;
    t->place[i] = (struct tally_place){ 0 };
    t->used--;
    close_up(t, i);
}
