/* SPDX-License-Identifier: MIT
 * What one thread answers requests with: its own handles on store and relay, and what all threads share to
 * read. Threads meet nowhere else but in what is shared to write (struct shared).
 */
#ifndef FCGI_WORKER_H
#define FCGI_WORKER_H

#include <pthread.h>

#include "common/control.h"
#include "common/secret.h"
#include "common/settings.h"
#include "common/store.h"
#include "fcgi/hashing.h"
#include "fcgi/slots.h"

/* What all threads of a process share. */
struct shared {
    pthread_mutex_t lock;
    struct rates *rates; /* under the lock: what is charged while the relay is away */
    struct hashing *hashing;
};

struct worker {
    const struct settings *settings;
    const struct secrets *secrets;
    struct store *store; /* NULL: away */
    bool store_failed;   /* the last try to open it did */
    int64_t store_tried_ms;
    struct control *control;
    int64_t relay_hung_ms; /* when it last let us wait in vain; 0: it has not */
    struct shared *shared;
    struct json_reader *json;     /* for what the client says, */
    struct json_reader *answered; /* and what the relay does: neither takes the other's texts away */
    struct slots *slots;
};

/* All are borrowed. False: no memory. The store need not be there. */
bool worker_open(struct worker *w, const struct settings *settings, const struct secrets *secrets,
                 struct shared *shared);
void worker_close(struct worker *w);

/* True when there is a store; one that is away is opened again, with at most one failed try a second. */
bool worker_store(struct worker *w);

/* Asks the relay (control.h). One that hangs is not asked again for a while: it would hold up every request. */
bool worker_ask(struct worker *w, struct control_request *ask, struct buf *answer);
/* Charges a rate with the relay, or here where it is away. */
struct rates_answer worker_charge(struct worker *w, enum rate what, const struct address *address,
                                  int64_t room_id, struct buf *scratch);

/* After STORE_DOWN: the next request begins with a new handle. */
void worker_store_drop(struct worker *w);

#endif
