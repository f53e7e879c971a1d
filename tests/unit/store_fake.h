/* SPDX-License-Identifier: MIT
 * A store in memory that fails when it is told to: for tests of whoever appends, and itself under the store
 * suite. Like a server far away it looks for an entry's cid before it looks at the place asked for; SQLite
 * does it the other way round, and store.h promises neither.
 */
#ifndef TESTS_UNIT_STORE_FAKE_H
#define TESTS_UNIT_STORE_FAKE_H

#include "common/store.h"

/* All zero: nothing fails. What is "next" counts down and ends by itself. */
struct store_fake_knobs {
    /* The next `refuse` calls do nothing and answer refuse_with: STORE_DOWN, or STORE_FULL or STORE_UNKNOWN,
     * which let reading calls through, uncounted. */
    size_t refuse;
    enum store_result refuse_with;

    /* The next `lose` calls that change something do so, but the answer is lost: STORE_UNKNOWN. Of an append:
     * APPEND_UNKNOWN for all that was stored. */
    size_t lose;

    /* The next append tries only its first `prefix` entries; the others are answered with `rest`. */
    bool cut_short;
    size_t prefix;
    enum append_outcome rest;

    /* Just before the next append another relay appends so many entries to its first entry's room. */
    size_t foreign;
};

struct store_fake; /* what is stored; it outlives its handles */

struct store_fake *store_fake_new(void);
void store_fake_free(struct store_fake *f);

/* Another handle of the same store; store_close() ends it. */
struct store *store_fake_open(struct store_fake *f, enum store_use use);

void store_fake_set(struct store_fake *f, struct store_fake_knobs knobs);
/* What has not happened yet. */
struct store_fake_knobs store_fake_left(struct store_fake *f);

#endif
