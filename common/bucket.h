/* SPDX-License-Identifier: MIT
 * Rate limits as token buckets, each kept as the one moment when it will be full again (the generic cell rate
 * algorithm), and a table of them that never grows: whatever is thrown at it, it forgets those first that matter
 * least. No clock, no I/O; one thread's.
 */
#ifndef COMMON_BUCKET_H
#define COMMON_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One in every interval_us, `burst` at once; interval_us 0: no limit. */
struct bucket_rate {
    int64_t interval_us, burst;
};

/* The microseconds until there is one in the bucket that is full again at full_us (0: it is full); 0: there is. */
int64_t bucket_wait(int64_t full_us, struct bucket_rate rate, int64_t now_us);
/* Takes one, whether there is one or not: an empty bucket is then in debt. */
void bucket_charge(int64_t *full_us, struct bucket_rate rate, int64_t now_us);
/* Takes one if there is one; returns as bucket_wait(). */
int64_t bucket_take(int64_t *full_us, struct bucket_rate rate, int64_t now_us);

struct bucket_table;

/* For `n` buckets of 16 bytes, a power of two, at least 8. Memory is touched as it is used. NULL: no memory. */
struct bucket_table *bucket_table_new(size_t n);
void bucket_table_free(struct bucket_table *t);

/* The bucket of a key, which must be a good hash that nobody can choose; a full one where there was none. It is to be
 * used before the next call. */
int64_t *bucket_find(struct bucket_table *t, uint64_t key, int64_t now_us);
/* When the bucket of a key is full again; 0 where there is none. */
int64_t bucket_peek(const struct bucket_table *t, uint64_t key);

#endif
