/* SPDX-License-Identifier: MIT
 * Workers; see workers.h. One lock, held for moments: lists are moved as wholes. The writer takes everything
 * that waits, at most a batch, in one append; so the busier it is, the fewer commits a message costs.
 */
#include "relay/workers.h"

#include <pthread.h>
#include <unistd.h>

#include "common/clock.h"
#include "relay/append.h"

enum {
    HOLD_NS = 300000, /* how long entries wait for others when the writer is idle: nobody notices it, and a
                         burst shares one commit; `make bench` shows what it does to either */
    LOCK_RETRY_US = 50000
};

struct entries {
    struct pending *first, **end;
    size_t n;
};

struct jobs {
    struct job *first, **end;
};

struct workers {
    uv_async_t async;
    void (*appended)(void *self, struct pending *p);
    void *self;
    int64_t store_timeout_ms;
    struct store *store[1 + WORKERS_READERS]; /* the writer's, the readers' */
    pthread_t thread[1 + WORKERS_READERS];
    size_t threads;

    /* The loop's alone: */
    struct entries inbox;
    uint64_t inbox_since_ns;
    bool inbox_grew;
    size_t busy;

    pthread_mutex_t lock;
    pthread_cond_t to_writer, to_readers;
    /* Under the lock: */
    struct entries entries, entries_done;
    struct jobs writes, reads, jobs_done;
    bool writer_idle, stop, broken;
    uint64_t given, taken; /* entries for the writer, ever */
    struct workers_counts counts;
};

static void entries_init(struct entries *e)
{
    *e = (struct entries){ .end = &e->first };
}

static void entries_add(struct entries *e, struct pending *p)
{
    p->next = NULL;
    *e->end = p;
    e->end = &p->next;
    e->n++;
}

static struct pending *entries_take(struct entries *e)
{
    struct pending *p = e->first;

    if (!p)
        return NULL;
    e->first = p->next;
    if (!e->first)
        e->end = &e->first;
    e->n--;
    return p;
}

/* All of `from` goes behind `to`. */
static void entries_move(struct entries *to, struct entries *from)
{
    if (!from->first)
        return;
    *to->end = from->first;
    to->end = from->end;
    to->n += from->n;
    entries_init(from);
}

static void jobs_init(struct jobs *j)
{
    *j = (struct jobs){ .end = &j->first };
}

static void jobs_add(struct jobs *j, struct job *job)
{
    job->next = NULL;
    *j->end = job;
    j->end = &job->next;
}

static struct job *jobs_take(struct jobs *j)
{
    struct job *job = j->first;

    if (!job)
        return NULL;
    j->first = job->next;
    if (!j->first)
        j->end = &j->first;
    return job;
}

/* ---- on the workers' threads ---- */

static void run_batch(struct workers *w, struct entries *batch)
{
    struct append *list[STORE_BATCH_MAX];
    int64_t now = clock_mono_ms();
    size_t n = 0;

    for (struct pending *p = batch->first; p; p = p->next) {
        if (p->news.p)
            continue;
        p->append.outcome = APPEND_DOWN;
        if (now - p->queued_ms <=
            w->store_timeout_ms) /* else it waited too long: nothing was begun, nothing will be */
            list[n++] = &p->append;
    }
    if (n)
        append_run(w->store[0], list, n);
    pthread_mutex_lock(&w->lock);
    w->broken = w->broken || !store_sound(w->store[0]);
    w->counts.commits += n > 0;
    w->counts.entries += n;
    entries_move(&w->entries_done, batch);
    pthread_mutex_unlock(&w->lock);
    uv_async_send(&w->async);
}

static void run_job(struct workers *w, struct job *job, struct store *store)
{
    job->run(job, store);
    pthread_mutex_lock(&w->lock);
    w->broken = w->broken || !store_sound(store);
    jobs_add(&w->jobs_done, job);
    pthread_mutex_unlock(&w->lock);
    uv_async_send(&w->async);
}

/* A job whose entries, those given before it, are all done. */
static struct job *next_write(struct workers *w)
{
    return w->writes.first && w->taken >= w->writes.first->after ? jobs_take(&w->writes) : NULL;
}

static void take_batch(struct workers *w, struct entries *batch)
{
    for (struct pending *p; batch->n < STORE_BATCH_MAX && (p = entries_take(&w->entries));)
        entries_add(batch, p);
    w->taken += batch->n;
}

/* Under the lock. */
static void give_inbox(struct workers *w)
{
    w->given += w->inbox.n;
    entries_move(&w->entries, &w->inbox);
}

static void *writer_main(void *arg)
{
    struct workers *w = arg;
    struct entries batch;
    struct job *job;

    entries_init(&batch);
    pthread_mutex_lock(&w->lock);
    for (;;) {
        w->writer_idle = true;
        while (!w->entries.n && !w->writes.first && !w->stop)
            pthread_cond_wait(&w->to_writer, &w->lock);
        w->writer_idle = false;
        job = next_write(w);
        if (!job)
            take_batch(w, &batch);
        if (!batch.n && !job)
            break;
        pthread_mutex_unlock(&w->lock);
        if (batch.n)
            run_batch(w, &batch);
        else
            run_job(w, job, w->store[0]);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct reader {
    struct workers *workers;
    struct store *store;
};

static void *reader_main(void *arg)
{
    struct reader r = *(struct reader *)arg;
    struct workers *w = r.workers;
    struct job *job;

    free(arg);
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->reads.first && !w->stop)
            pthread_cond_wait(&w->to_readers, &w->lock);
        job = jobs_take(&w->reads);
        if (!job)
            break;
        pthread_mutex_unlock(&w->lock);
        run_job(w, job, r.store);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- on the loop's thread ---- */

static void hand_back(struct workers *w)
{
    struct entries entries;
    struct pending *p;
    struct job *job, *jobs;

    entries_init(&entries);
    pthread_mutex_lock(&w->lock);
    entries_move(&entries, &w->entries_done);
    jobs = w->jobs_done.first;
    jobs_init(&w->jobs_done);
    pthread_mutex_unlock(&w->lock);
    while ((p = entries_take(&entries)) != NULL) {
        w->busy--;
        w->appended(w->self, p);
    }
    while ((job = jobs) != NULL) {
        jobs = job->next;
        w->busy--;
        job->done(job);
    }
}

static void on_async(uv_async_t *async)
{
    hand_back(async->data);
}

void workers_append(struct workers *w, struct pending *p)
{
    if (!w->inbox.n)
        w->inbox_since_ns = clock_mono_ns();
    entries_add(&w->inbox, p);
    w->inbox_grew = true;
    w->busy++;
}

bool workers_turn(struct workers *w)
{
    bool hold;

    if (!w->inbox.n)
        return false;
    pthread_mutex_lock(&w->lock);
    /* An idle writer is left alone until a turn brings nothing new, but not for long: bigger commits, same
     * delay. */
    hold = w->writer_idle && w->inbox_grew && clock_mono_ns() - w->inbox_since_ns < HOLD_NS;
    if (!hold) {
        give_inbox(w);
        if (w->writer_idle)
            pthread_cond_signal(&w->to_writer);
    }
    pthread_mutex_unlock(&w->lock);
    w->inbox_grew = false;
    return hold;
}

void workers_expire(struct workers *w)
{
    int64_t now = clock_mono_ms();
    struct entries kept;

    entries_init(&kept);
    pthread_mutex_lock(&w->lock);
    for (struct pending *p; (p = entries_take(&w->entries)) != NULL;) {
        if (p->news.p || now - p->queued_ms <= w->store_timeout_ms) {
            entries_add(&kept, p);
            continue;
        }
        p->append.outcome = APPEND_DOWN;
        entries_add(&w->entries_done, p);
        w->taken++;
    }
    entries_move(&w->entries, &kept);
    pthread_mutex_unlock(&w->lock);
    hand_back(w);
}

void workers_read(struct workers *w, struct job *job)
{
    w->busy++;
    pthread_mutex_lock(&w->lock);
    jobs_add(&w->reads, job);
    pthread_cond_signal(&w->to_readers);
    pthread_mutex_unlock(&w->lock);
}

void workers_write(struct workers *w, struct job *job)
{
    w->busy++;
    pthread_mutex_lock(&w->lock);
    give_inbox(w);
    job->after = w->given;
    jobs_add(&w->writes, job);
    pthread_cond_signal(&w->to_writer);
    pthread_mutex_unlock(&w->lock);
}

size_t workers_busy(const struct workers *w)
{
    return w->busy;
}

bool workers_broken(struct workers *w)
{
    bool broken;

    pthread_mutex_lock(&w->lock);
    broken = w->broken;
    pthread_mutex_unlock(&w->lock);
    return broken;
}

struct workers_counts workers_counts(struct workers *w)
{
    struct workers_counts counts;

    pthread_mutex_lock(&w->lock);
    counts = w->counts;
    pthread_mutex_unlock(&w->lock);
    return counts;
}

/* ---- start and end ---- */

static enum store_result open_writer(struct store **out, const char *url, int64_t wait_ms, struct buf *why)
{
    int64_t until = clock_mono_ms() + wait_ms;
    enum store_result r;

    for (;;) {
        buf_clear(why);
        r = store_open(out, url, STORE_WRITER, why);
        if (r != STORE_TAKEN || clock_mono_ms() >= until)
            return r;
        usleep(LOCK_RETRY_US);
    }
}

static bool start_threads(struct workers *w)
{
    if (pthread_create(&w->thread[w->threads], NULL, writer_main, w) != 0)
        return false;
    for (w->threads = 1; w->threads < 1 + WORKERS_READERS; w->threads++) {
        struct reader *r = malloc(sizeof *r);

        if (!r)
            return false;
        *r = (struct reader){ w, w->store[w->threads] };
        if (pthread_create(&w->thread[w->threads], NULL, reader_main, r) != 0) {
            free(r);
            return false;
        }
    }
    return true;
}

enum store_result workers_start(struct workers **out, uv_loop_t *loop, const char *url, int64_t lock_wait_ms,
                                int64_t store_timeout_ms, void (*appended)(void *self, struct pending *p),
                                void *self, struct buf *why)
{
    struct workers *w = calloc(1, sizeof *w);
    enum store_result r;

    if (!w)
        return STORE_DOWN;
    *w = (struct workers){ .appended = appended, .self = self, .store_timeout_ms = store_timeout_ms };
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->to_writer, NULL);
    pthread_cond_init(&w->to_readers, NULL);
    entries_init(&w->inbox);
    entries_init(&w->entries);
    entries_init(&w->entries_done);
    jobs_init(&w->writes);
    jobs_init(&w->reads);
    jobs_init(&w->jobs_done);
    w->async.data = w;
    uv_async_init(loop, &w->async, on_async);
    *out = w;
    r = open_writer(&w->store[0], url, lock_wait_ms, why);
    for (size_t i = 1; r == STORE_OK && i < 1 + WORKERS_READERS; i++)
        r = store_open(&w->store[i], url, STORE_READER, why);
    if (r == STORE_OK && !start_threads(w)) {
        buf_text(why, "cannot start threads");
        r = STORE_DOWN;
    }
    return r;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void workers_stop(struct workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    give_inbox(w);
    w->stop = true;
    pthread_cond_broadcast(&w->to_writer);
    pthread_cond_broadcast(&w->to_readers);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < w->threads; i++)
        pthread_join(w->thread[i], NULL);
    hand_back(w);
    for (size_t i = 1 + WORKERS_READERS; i > 0; i--) /* the writer's last: it alone can tidy its files up */
        store_close(w->store[i - 1]);
    pthread_cond_destroy(&w->to_readers);
    pthread_cond_destroy(&w->to_writer);
    pthread_mutex_destroy(&w->lock);
    uv_close((uv_handle_t *)&w->async, on_closed);
}
