/* SPDX-License-Identifier: MIT
 * People of a room, found by person and by name in two hash tables that share their size. See presence.h.
 */
#include "relay/presence.h"

enum { BUCKETS_LEAST = 4 };

static uint32_t hash(const void *p, size_t n)
{
    const uint8_t *b = p;
    uint32_t h = 2166136261u; /* FNV-1a; who may join under made-up names is bounded by members_max */

    while (n--)
        h = (h ^ *b++) * 16777619u;
    return h;
}

void presence_free(struct presence *p)
{
    while (p->first)
        presence_remove(p, p->first);
    free(p->by_id);
    free(p->by_key);
    *p = (struct presence){ 0 };
}

struct person *presence_by_id(const struct presence *p, const uint8_t id[TOKEN_PERSON_SIZE])
{
    struct person *who = p->buckets ? p->by_id[hash(id, TOKEN_PERSON_SIZE) & (p->buckets - 1)] : NULL;

    while (who && memcmp(who->id, id, TOKEN_PERSON_SIZE) != 0)
        who = who->next_by_id;
    return who;
}

struct person *presence_by_key(const struct presence *p, struct str key)
{
    struct person *who = p->buckets ? p->by_key[hash(key.p, key.n) & (p->buckets - 1)] : NULL;

    while (who && !str_same(who->key, key))
        who = who->next_by_key;
    return who;
}

static void put_into_buckets(struct presence *p, struct person *who)
{
    struct person **id = &p->by_id[who->hash_id & (p->buckets - 1)];
    struct person **key = &p->by_key[who->hash_key & (p->buckets - 1)];

    who->next_by_id = *id;
    *id = who;
    who->next_by_key = *key;
    *key = who;
}

static bool grow(struct presence *p)
{
    uint32_t buckets = p->buckets ? 2 * p->buckets : BUCKETS_LEAST;
    struct person **by_id = calloc(buckets, sizeof(struct person *));
    struct person **by_key = calloc(buckets, sizeof(struct person *));

    if (!by_id || !by_key) {
        free(by_id);
        free(by_key);
        return false;
    }
    free(p->by_id);
    free(p->by_key);
    p->by_id = by_id;
    p->by_key = by_key;
    p->buckets = buckets;
    for (struct person *who = p->first; who; who = who->next)
        put_into_buckets(p, who);
    return true;
}

struct person *presence_add(struct presence *p, const struct person *who)
{
    struct person *added;
    char *at;

    if (p->n >= p->buckets && !grow(p))
        return NULL;
    added = malloc(sizeof *added + who->name.n + who->key.n + who->color.n);
    if (!added)
        return NULL;
    *added = *who;
    at = added->text;
    added->name = str_put(&at, who->name);
    added->key = str_put(&at, who->key);
    added->color = str_put(&at, who->color);
    added->hash_id = hash(who->id, sizeof who->id);
    added->hash_key = hash(who->key.p, who->key.n);
    added->sockets = 0;
    added->next = NULL;
    added->prev = p->last;
    *(p->last ? &p->last->next : &p->first) = added;
    p->last = added;
    p->n++;
    put_into_buckets(p, added);
    return added;
}

void presence_remove(struct presence *p, struct person *who)
{
    struct person **id = &p->by_id[who->hash_id & (p->buckets - 1)];
    struct person **key = &p->by_key[who->hash_key & (p->buckets - 1)];

    while (*id != who)
        id = &(*id)->next_by_id;
    *id = who->next_by_id;
    while (*key != who)
        key = &(*key)->next_by_key;
    *key = who->next_by_key;
    *(who->prev ? &who->prev->next : &p->first) = who->next;
    *(who->next ? &who->next->prev : &p->last) = who->prev;
    p->n--;
    free(who);
}
