/* SPDX-License-Identifier: MIT
 * Who may hash a password now, among the threads of a process. How many hash at once over all processes is slots.h's;
 * this keeps those who wait for it from holding every thread, so that everything else is answered as ever.
 */
#ifndef FCGI_HASHING_H
#define FCGI_HASHING_H

#include "common/str.h"

/* How long all places may be taken, and how many wrong passwords there may be meanwhile, before nobody waits for a place
 * any more: a few hundred people may enter at once. */
enum { HASHING_PATIENCE_MS = 2000, HASHING_WRONG_MAX = 8 };

/* Shared by all threads. */
struct hashing;

struct hashing *hashing_new(int64_t threads); /* NULL: no memory */
void hashing_free(struct hashing *h);

/* Takes a place: all but a quarter of the threads have one. A crowd that comes at once waits for a moment; in a flood
 * nobody does, and half of the places are for those only who are known to the room. False: there is none. */
bool hashing_enter(struct hashing *h, bool known);
/* wrong: it was a wrong password. */
void hashing_leave(struct hashing *h, bool wrong);

#endif
