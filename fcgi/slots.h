/* SPDX-License-Identifier: MIT
 * How many passwords are hashed at once, over all threads of all processes: each hash takes a slot, a byte of
 * one file locked by the kernel, which gives it back even when a process is killed.
 */
#ifndef FCGI_SLOTS_H
#define FCGI_SLOTS_H

#include "common/str.h"

enum { SLOTS_WAIT_MS = 10000 };

/* One thread's. */
struct slots;

/* The file is hash.lock beside the file `beside`; jobs is how many slots there are. NULL: no memory. */
struct slots *slots_new(const char *beside, int64_t jobs);
void slots_free(struct slots *s);

/* Waits for a slot, wait_ms at most. False: none came free, or the file cannot be used (logged). */
bool slots_take(struct slots *s, int64_t wait_ms);
void slots_give(struct slots *s);

#endif
