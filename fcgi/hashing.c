/* SPDX-License-Identifier: MIT
 * Places for those who hash, see hashing.h. A flood begins when somebody comes while all places are taken, and have been
 * for too long or for too many guesses; it is over when nearly all are free again.
 */
#include "fcgi/hashing.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"

struct hashing {
    pthread_mutex_t lock;
    pthread_cond_t left;
    int64_t places, taken, wrong; /* wrong: since they were all taken first */
    int64_t full_since_ms;        /* 0: they are not all taken, or have not been since the last flood ended */
    bool flood;
};

struct hashing *hashing_new(int64_t threads)
{
    struct hashing *h = calloc(1, sizeof *h);
    pthread_condattr_t attr;

    if (!h)
        return NULL;
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

static bool has_place(const struct hashing *h, bool known)
{
    return h->taken < (h->flood && !known ? (h->places + 1) / 2 : h->places);
}

/* Waits until somebody has left, or patience is over. */
static void wait_a_while(struct hashing *h)
{
    int64_t until = h->full_since_ms + HASHING_PATIENCE_MS;
    struct timespec t = { .tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000 };

    pthread_cond_timedwait(&h->left, &h->lock, &t);
}

bool hashing_enter(struct hashing *h, bool known)
{
    bool in;

    pthread_mutex_lock(&h->lock);
    while (!(in = has_place(h, known)) && !h->flood) {
        if (h->wrong >= HASHING_WRONG_MAX || clock_mono_ms() - h->full_since_ms >= HASHING_PATIENCE_MS)
            h->flood = true;
        else
            wait_a_while(h);
    }
    h->taken += in;
    if (h->taken == h->places && !h->full_since_ms)
        h->full_since_ms = clock_mono_ms();
    pthread_mutex_unlock(&h->lock);
    return in;
}

void hashing_leave(struct hashing *h, bool wrong)
{
    pthread_mutex_lock(&h->lock);
    h->taken--;
    h->wrong += wrong && h->full_since_ms;
    if (h->taken <= 1) {
        h->flood = false;
        h->full_since_ms = 0;
        h->wrong = 0;
    }
    pthread_cond_broadcast(&h->left);
    pthread_mutex_unlock(&h->lock);
}
