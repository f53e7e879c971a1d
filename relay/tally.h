/* SPDX-License-Identifier: MIT
 * How many there are of each: a count by number, exact, as large as there ever were different numbers at a time.
 */
#ifndef RELAY_TALLY_H
#define RELAY_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally_place {
    uint64_t key; /* 0: free */
    uint32_t count;
};

/* All zero is an empty one. */
struct tally {
    struct tally_place *place;
    size_t used, size; /* size: a power of two, or 0 */
};

void tally_free(struct tally *t);

/* Keys are good hashes, and not 0. */
uint32_t tally_count(const struct tally *t, uint64_t key);
bool tally_add(struct tally *t, uint64_t key); /* false: no memory */
void tally_take(struct tally *t, uint64_t key);

#endif
