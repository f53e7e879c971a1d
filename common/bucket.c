/* SPDX-License-Identifier: MIT
 * Buckets, see bucket.h. The table is made of sets: a key may stand in one of eight places. Where all are taken, the
 * bucket that is fullest goes: a full one says nothing that an absent one would not, and who has used up most is
 * remembered longest.
 */
#include "common/bucket.h"

#include <stdlib.h>

enum { SET = 8 };

struct place {
    uint64_t key;
    int64_t full_us;
};

struct bucket_table {
    size_t sets;
    struct place place[];
};

int64_t bucket_wait(int64_t full_us, struct bucket_rate rate, int64_t now_us)
{
    int64_t full = full_us > now_us ? full_us : now_us;
    int64_t over = full + rate.interval_us - now_us - rate.interval_us * rate.burst;

    return over > 0 ? over : 0;
}

void bucket_charge(int64_t *full_us, struct bucket_rate rate, int64_t now_us)
{
    *full_us = (*full_us > now_us ? *full_us : now_us) + rate.interval_us;
}

int64_t bucket_take(int64_t *full_us, struct bucket_rate rate, int64_t now_us)
{
    int64_t wait = bucket_wait(*full_us, rate, now_us);

    if (!wait)
        bucket_charge(full_us, rate, now_us);
    return wait;
}

struct bucket_table *bucket_table_new(size_t n)
{
    struct bucket_table *t = calloc(1, sizeof *t + n * sizeof *t->place);

    if (t)
        t->sets = n / SET;
    return t;
}

void bucket_table_free(struct bucket_table *t)
{
    free(t);
}

int64_t *bucket_find(struct bucket_table *t, uint64_t key, int64_t now_us)
{
    struct place *set = &t->place[(key & (t->sets - 1)) * SET], *fullest = set;

    for (size_t i = 0; i < SET; i++) {
        if (set[i].key == key && set[i].full_us > now_us)
            return &set[i].full_us;
        if (set[i].full_us < fullest->full_us)
            fullest = &set[i];
    }
    *fullest = (struct place){ .key = key, .full_us = now_us };
    return &fullest->full_us;
}

int64_t bucket_peek(const struct bucket_table *t, uint64_t key)
{
    const struct place *set = &t->place[(key & (t->sets - 1)) * SET];
    int64_t full_us = 0;

    for (size_t i = 0; i < SET; i++)
        if (set[i].key == key && set[i].full_us > full_us)
            full_us = set[i].full_us;
    return full_us;
}
