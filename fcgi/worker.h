/* SPDX-License-Identifier: MIT
 * What one thread answers requests with: its own handles on store and relay, and what all threads share to
 * read. Threads meet nowhere else.
 */
#ifndef FCGI_WORKER_H
#define FCGI_WORKER_H

#include "common/control.h"
#include "common/secret.h"
#include "common/settings.h"
#include "common/store.h"
#include "fcgi/slots.h"

struct worker {
    const struct settings *settings;
    const struct secrets *secrets;
    struct store *store; /* NULL: away */
    bool store_failed;   /* the last try to open it did */
    int64_t store_tried_ms;
    struct control *control;
    struct json_reader *json;
    struct slots *slots;
};

/* settings and secrets are borrowed. False: no memory. The store need not be there. */
bool worker_open(struct worker *w, const struct settings *settings, const struct secrets *secrets);
void worker_close(struct worker *w);

/* True when there is a store; one that is away is opened again, with at most one failed try a second. */
bool worker_store(struct worker *w);

/* After STORE_DOWN: the next request begins with a new handle. */
void worker_store_drop(struct worker *w);

#endif
