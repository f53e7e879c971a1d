/* SPDX-License-Identifier: MIT
 * A thread's handles (worker.h). A store that is away costs one failed try a second and thread, never the
 * program.
 */
#include "fcgi/worker.h"

#include "common/clock.h"
#include "common/logline.h"

enum { STORE_RETRY_MS = 1000 };

bool worker_open(struct worker *w, const struct settings *settings, const struct secrets *secrets)
{
    const char *socket = settings_unix_path(settings->control_socket);

    *w = (struct worker){ .settings = settings, .secrets = secrets };
    w->control = control_new(socket);
    w->json = json_reader_new();
    w->slots = slots_new(socket, settings->hash_jobs);
    if (!w->control || !w->json || !w->slots) {
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
    control_free(w->control);
    *w = (struct worker){ 0 };
}

bool worker_store(struct worker *w)
{
    struct buf why = { 0 };
    int64_t now = clock_mono_ms();

    if (w->store)
        return true;
    if (w->store_failed && now - w->store_tried_ms < STORE_RETRY_MS)
        return false;
    if (store_open(&w->store, w->settings->store, STORE_READER, &why) == STORE_OK) {
        if (w->store_failed)
            log_info("event=store_back");
        w->store_failed = false;
    } else {
        w->store = NULL;
        /* Said once, not with every try: the requests' own lines say that it is still away. */
        if (!w->store_failed)
            log_error("the store cannot be opened: %s", why.data ? why.data : "no memory");
        w->store_failed = true;
        w->store_tried_ms = clock_mono_ms();
    }
    buf_free(&why);
    return w->store != NULL;
}

void worker_store_drop(struct worker *w)
{
    if (w->store)
        store_close(w->store);
    w->store = NULL;
}
