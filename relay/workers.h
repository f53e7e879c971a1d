/* SPDX-License-Identifier: MIT
 * The threads that may block: one that writes (it alone appends to logs), two that read. The loop gives them
 * work and is woken when some is done; all handing back happens on the loop's thread.
 */
#ifndef RELAY_WORKERS_H
#define RELAY_WORKERS_H

#include <uv.h>

#include "relay/world.h"

/* A piece of work: embedded in what it is about. */
struct job {
    struct job *next;
    uint64_t after;                                    /* workers.c's */
    void (*run)(struct job *job, struct store *store); /* on a worker's thread */
    void (*done)(struct job *job); /* on the loop's, afterwards; frees what the job is in */
};

enum { WORKERS_READERS = 2 };

struct workers;

struct workers_counts {
    uint64_t commits, entries;
};

/* Opens the stores: a writer (it waits up to lock_wait_ms for another relay to leave) and readers. appended
 * is called on the loop's thread for each entry that comes back. STORE_TAKEN: another relay stays. why has
 * one sentence. */
enum store_result workers_start(struct workers **out, uv_loop_t *loop, const char *url, int64_t lock_wait_ms,
                                int64_t store_timeout_ms, void (*appended)(void *self, struct pending *p),
                                void *self, struct buf *why);

/* Ends the threads once all that was given has been done and handed back; closes the stores. */
void workers_stop(struct workers *w);

/* Takes an entry; it goes to the writer by workers_turn(). */
void workers_append(struct workers *w, struct pending *p);
/* At the end of each turn of the loop. True: the next turn must not sleep (what it brings joins the same
 * commit). */
bool workers_turn(struct workers *w);

/* Hands back entries that have waited for a busy writer longer than store_timeout: rejected, as nothing was begun. News
 * stays where it is. */
void workers_expire(struct workers *w);

void workers_read(struct workers *w, struct job *job);
/* Behind the entries that were given before it. */
void workers_write(struct workers *w, struct job *job);

/* Entries and jobs that have not been handed back. */
size_t workers_busy(const struct workers *w);
/* The store is not sound any more (store.h): the relay must restart. */
bool workers_broken(struct workers *w);
struct workers_counts workers_counts(struct workers *w);

#endif
