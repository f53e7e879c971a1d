/* SPDX-License-Identifier: MIT
 * The relay as a whole: what its parts find each other by. One of these, made by main.c; all of it is the
 * loop's thread's.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <uv.h>

#include "common/rates.h"
#include "common/secret.h"
#include "common/settings.h"
#include "relay/hub.h"
#include "relay/workers.h"
#include "relay/ws.h"

struct front;
struct desk;

struct relay {
    uv_loop_t loop;
    struct settings settings;
    struct secrets secrets; /* read by workers too: never changed after the start */
    struct world world;
    struct rates *rates;
    struct hub *hub;
    struct workers *workers;
    struct ws *ws;
    struct front *front;
    struct desk *desk;
    struct rooms_seen { /* by rows.c: the version of all rooms that a worker's handle told last */
        const struct store *store;
        uint64_t version;
    } rooms_seen[WORKERS_READERS + 1]; /* the last one stays free */
    bool polling;
};

#endif
