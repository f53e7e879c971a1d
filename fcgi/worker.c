/* SPDX-License-Identifier: MIT
 * A thread's handles (worker.h). A store that is away costs one failed try a second and thread, never the
 * program.
 */
#include "fcgi/worker.h"

#include <stdatomic.h>

#include "common/clock.h"
#include "common/logline.h"

enum { STORE_RETRY_MS = 1000, RELAY_RETRY_MS = 2000 };

bool worker_open(struct worker *w, const struct settings *settings, const struct secrets *secrets,
                 struct shared *shared)
{
    const char *socket = settings_unix_path(settings->control_socket);

    *w = (struct worker){ .settings = settings, .secrets = secrets, .shared = shared };
    w->control = control_new(socket);
    w->json = json_reader_new();
    w->answered = json_reader_new();
    w->slots = slots_new(socket, settings->hash_jobs);
    if (!w->control || !w->json || !w->answered || !w->slots) {
        worker_close(w);
        return false;
    }
    worker_store(w);
    return true;
}

void worker_close(struct worker *w)
{
    worker_store_drop(w);
    slots_free(w->slots);
    json_reader_free(w->json);
    json_reader_free(w->answered);
    control_free(w->control);
    *w = (struct worker){ 0 };
}

bool worker_store(struct worker *w)
{
    static atomic_bool store_away; /* so far as any thread has said */
    struct buf why = { 0 };
    int64_t now = clock_mono_ms();

    if (w->store)
        return true;
    if (w->store_failed && now - w->store_tried_ms < STORE_RETRY_MS)
        return false;
    if (store_open(&w->store, w->settings->store, STORE_READER, &why) == STORE_OK) {
        if (atomic_exchange(&store_away, false))
            log_info("event=store_back");
        w->store_failed = false;
    } else {
        w->store = NULL;
        /* Said once, not with every try of every thread: the requests' own lines say that it is still away. */
        if (!atomic_exchange(&store_away, true))
            log_error("the store cannot be opened: %s", why.data ? why.data : "no memory");
        w->store_failed = true;
        w->store_tried_ms = clock_mono_ms();
    }
    buf_free(&why);
    return w->store != NULL;
}

bool worker_ask(struct worker *w, struct control_request *ask, struct buf *answer)
{
    int64_t begun = clock_mono_ms(), now;
    bool good;

    if (w->relay_hung_ms && begun - w->relay_hung_ms < RELAY_RETRY_MS)
        return false;
    good = control_ask(w->control, ask, answer);
    now = clock_mono_ms();
    w->relay_hung_ms = !good && now - begun >= CONTROL_TIMEOUT_MS ? now : 0;
    return good;
}

static struct rates_answer charge_here(struct worker *w, const struct control_request *ask)
{
    struct shared *shared = w->shared;
    struct rates_asked asked = { ask->rate, rates_from(shared->rates, &ask->address), ask->room_id };
    struct rates_answer said;

    pthread_mutex_lock(&shared->lock);
    said = rates_charge(shared->rates, &asked, clock_mono_ms());
    pthread_mutex_unlock(&shared->lock);
    return said;
}

struct rates_answer worker_charge(struct worker *w, enum rate what, const struct address *address,
                                  int64_t room_id, struct buf *scratch)
{
    struct control_request ask = {
        .what = CONTROL_CHARGE, .rate = what, .address = *address, .room_id = room_id
    };
    struct json_member m[] = { { .name = "wait_ms" }, { .name = "field" }, { .name = "trust" } };
    struct rates_answer said = { 0 };

    if (!worker_ask(w, &ask, scratch) || !json_read(w->answered, buf_all(scratch), m, 3) ||
        !json_int(&m[0], &said.wait_ms))
        return charge_here(w, &ask);
    said.field = rates_field(m[1].text);
    said.trust = str_is(m[2].text, "1") ? TRUST_CALM : str_is(m[2].text, "2") ? TRUST_KNOWN : TRUST_NONE;
    return said;
}

void worker_store_drop(struct worker *w)
{
    if (w->store)
        store_close(w->store);
    w->store = NULL;
}
