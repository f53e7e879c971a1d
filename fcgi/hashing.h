/* SPDX-License-Identifier: MIT
 * Who may hash a password now, among the threads of a process. How many hash at once over all processes is slots.h's;
 * this keeps those who wait for it from holding every thread, so that everything else is answered as ever.
 */
#ifndef FCGI_HASHING_H
#define FCGI_HASHING_H

#include "common/rates.h"

enum {
    HASHING_PATIENCE_MS =
        2000, /* all places taken for longer, nobody waits: a few hundred people may enter at once */
    HASHING_WRONG_MAX = 8,  /* wrong passwords at once that are people's own, */
    HASHING_WRONG_MS = 250, /* and one in so many ms for good; beyond, many guess, */
    HASHING_FLOOD_MS = 2000 /* and are taken to do so for this long */
};

/* Shared by all threads. */
struct hashing;

struct hashing *hashing_new(int64_t threads, int64_t jobs); /* NULL: no memory */
void hashing_free(struct hashing *h);

/* Takes a place: all but a quarter of the threads have one. A crowd waits for a moment. But while many guess only those
 * wait who are known to the room; the others have as many places as there are hash_jobs where their room is calm, and one
 * less where it is not, so that who is known is hashed for soon. (More for calm rooms was tried: whoever guesses at many
 * rooms begins at calm ones.) False: there is no place. */
bool hashing_enter(struct hashing *h, enum rates_trust trust);
/* wrong: it was a wrong password. */
void hashing_leave(struct hashing *h, bool wrong);

#endif
