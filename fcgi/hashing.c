/* SPDX-License-Identifier: MIT
 * Places for those who hash, see hashing.h. Whether many guess is told by wrong passwords alone; whether all places have
 * been taken for too long is asked apart from that, as the right password hashes as slowly.
 */
#include "fcgi/hashing.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"

struct hashing {
    pthread_mutex_t lock;
    pthread_cond_t left;
    int64_t jobs, places, taken, waiting;
    int64_t full_since_ms; /* since when all are taken, or waited for; 0: they are not */
    int64_t wrong_full_us; /* the bucket of wrong passwords (bucket.h) */
    int64_t flood_until_ms;
};

struct hashing *hashing_new(int64_t threads, int64_t jobs)
{
    struct hashing *h = calloc(1, sizeof *h);
    pthread_condattr_t attr;

    if (!h)
        return NULL;
    h->jobs = jobs;
    h->places = threads > 3 ? threads - threads / 4 : threads > 1 ? threads - 1 : 1;
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->left, &attr);
    pthread_condattr_destroy(&attr);
    return h;
}

void hashing_free(struct hashing *h)
{
    if (!h)
        return;
    pthread_cond_destroy(&h->left);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

static bool is_flood(const struct hashing *h)
{
    return clock_mono_ms() < h->flood_until_ms;
}

static bool has_place(const struct hashing *h, enum rates_trust trust)
{
    int64_t places = h->places;

    if (trust == TRUST_CALM && is_flood(h))
        places = h->jobs;
    else if (trust == TRUST_NONE && is_flood(h))
        places = h->jobs > 1 ? h->jobs - 1 : 1;
    return h->taken < (places < h->places ? places : h->places);
}

static bool may_wait(const struct hashing *h, enum rates_trust trust)
{
    return (trust == TRUST_KNOWN || !is_flood(h)) &&
           (!h->full_since_ms || clock_mono_ms() - h->full_since_ms < HASHING_PATIENCE_MS);
}

/* Until somebody has left, or patience is over. */
static void wait_a_while(struct hashing *h)
{
    int64_t until = h->full_since_ms + HASHING_PATIENCE_MS;
    struct timespec t = { .tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000 };

    h->waiting++;
    pthread_cond_timedwait(&h->left, &h->lock, &t);
    h->waiting--;
}

bool hashing_enter(struct hashing *h, enum rates_trust trust)
{
    bool in;

    pthread_mutex_lock(&h->lock);
    while (!(in = has_place(h, trust)) && may_wait(h, trust))
        wait_a_while(h);
    h->taken += in;
    if (h->taken == h->places && !h->full_since_ms)
        h->full_since_ms = clock_mono_ms();
    pthread_mutex_unlock(&h->lock);
    return in;
}

void hashing_leave(struct hashing *h, bool wrong)
{
    const struct bucket_rate people = { HASHING_WRONG_MS * INT64_C(1000), HASHING_WRONG_MAX };
    int64_t now_ms = clock_mono_ms();

    pthread_mutex_lock(&h->lock);
    h->taken--;
    if (!h->waiting)
        h->full_since_ms = 0;
    /* Guesses that nobody waits behind do no harm, but for keeping up a flood that was one. */
    if (wrong && (h->taken >= h->jobs || is_flood(h)) &&
        bucket_take(&h->wrong_full_us, people, now_ms * 1000))
        h->flood_until_ms = now_ms + HASHING_FLOOD_MS;
    pthread_cond_broadcast(&h->left);
    pthread_mutex_unlock(&h->lock);
}
