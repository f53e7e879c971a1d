/* SPDX-License-Identifier: MIT
 * The writer's logic: gives waiting entries their places, appends them, and deals with what the store answers
 * until each has an outcome that can be told. Runs where blocking is allowed; knows the store and nothing
 * else.
 */
#ifndef RELAY_APPEND_H
#define RELAY_APPEND_H

#include "common/store.h"

/* A batch of at most STORE_BATCH_MAX entries in order of arrival. Sets seq, outcome and place of each;
 * afterwards an outcome is STORED (of this very entry, also when that was found out by looking it up), DUP,
 * OTHER, NO_TARGET, FULL, DOWN, or UNKNOWN where even looking it up gave no answer. STORED entries of a room
 * have rising seqs in list order. */
void append_run(struct store *store, struct append *const *list, size_t n);

#endif
