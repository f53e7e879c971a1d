/* SPDX-License-Identifier: MIT
 * N threads, each accepting for itself and answering one request at a time; main's thread waits for the stop.
 *
 * A stop must not touch a request that has begun, nor the listening socket, which is shared with whoever
 * opened it and with other processes. So a thread in accept(2) is woken by a signal that is blocked
 * everywhere else. It may come between looking at `stop` and entering accept(2), where it wakes nobody: it is
 * sent again until the thread has gone.
 */
#include "fcgi/threads.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/logline.h"
#include "fcgi/request.h"
#include "fcgi/routes.h"
#include "fcgi/worker.h"

enum { WAKE = SIGUSR2, WAKE_AGAIN_MS = 50, NO_DESCRIPTORS_MS = 100 };

/* What the threads share. */
struct crew {
    int fd;
    const struct settings *settings;
    const struct secrets *secrets;
    struct shared shared;
    atomic_bool stop;
    atomic_bool broken;  /* a thread could not go on */
    atomic_bool starved; /* it was said that there are no descriptors; until one is there again */
};

/* One thread's own. */
struct hand {
    struct crew *crew;
    struct worker worker;
    struct wire *wire;
    struct response response;
    struct buf out;
};

static void set_signals(int how, const int *list, size_t n)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        sigaddset(&set, list[i]);
    pthread_sigmask(how, &set, NULL);
}

static int accept_one(const struct crew *crew)
{
    static const int wake[] = { WAKE };
    int fd, why;

    set_signals(SIG_UNBLOCK, wake, 1);
    fd = atomic_load(&crew->stop) ? -1 : accept4(crew->fd, NULL, NULL, SOCK_CLOEXEC);
    why = errno;
    set_signals(SIG_BLOCK, wake, 1);
    errno = why;
    return fd;
}

/* False: the listening socket is of no use any more. */
static bool survive(struct crew *crew, int why)
{
    switch (why) {
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
    case EOPNOTSUPP:
        return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        if (!atomic_exchange(&crew->starved, true))
            log_errno("no more connections for now");
        poll(NULL, 0, NO_DESCRIPTORS_MS);
        return true;
    default: /* EINTR, and clients that have gone again */
        return true;
    }
}

static void serve(struct hand *h, int fd)
{
    struct request q;

    if (!wire_read(h->wire, fd, h->crew->settings->body_max, &q))
        return;
    routes_answer(&h->worker, &q, &h->response);
    if (!response_write(&h->out, &h->response, str_is(q.method, "HEAD")))
        log_error("request=%s status=500 why=\"no memory\"", h->response.id);
    wire_write(h->wire, buf_all(&h->out));
    wire_end(h->wire);
}

static bool open_hand(struct hand *h)
{
    h->wire = wire_new();
    return h->wire && worker_open(&h->worker, h->crew->settings, h->crew->secrets, &h->crew->shared);
}

static void close_hand(struct hand *h)
{
    worker_close(&h->worker);
    wire_free(h->wire);
    response_free(&h->response);
    buf_free(&h->out);
}

/* Tells main's thread, which waits for a signal. */
static void give_up(struct crew *crew)
{
    atomic_store(&crew->broken, true);
    kill(getpid(), SIGTERM);
}

static void *work(void *arg)
{
    struct crew *crew = arg;
    struct hand h = { .crew = crew };

    if (!open_hand(&h)) {
        log_error("no memory for a thread");
        give_up(crew);
    }
    while (!atomic_load(&crew->stop) && !atomic_load(&crew->broken)) {
        int fd = accept_one(crew);

        if (fd >= 0) {
            atomic_store(&crew->starved, false);
            serve(&h, fd);
        } else if (!survive(crew, errno)) {
            log_errno("the listening socket is gone");
            give_up(crew);
        }
    }
    close_hand(&h);
    return NULL;
}

static void join_all(const pthread_t *threads, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        while (pthread_tryjoin_np(threads[i], NULL)) {
            for (size_t k = i; k < n; k++)
                pthread_kill(threads[k], WAKE);
            poll(NULL, 0, WAKE_AGAIN_MS);
        }
    }
}

static void on_wake(int sig)
{
    (void)sig;
}

/* Threads begin with all of these blocked. */
static void prepare_signals(void)
{
    static const int ours[] = { SIGTERM, SIGINT, SIGUSR1, WAKE };
    struct sigaction wake = { .sa_handler = on_wake }; /* without SA_RESTART */

    sigemptyset(&wake.sa_mask);
    sigaction(WAKE, &wake, NULL);
    set_signals(SIG_BLOCK, ours, sizeof ours / sizeof *ours);
}

static void wait_for_stop(void)
{
    sigset_t stops;
    int sig;

    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGUSR1);
    sigwait(&stops, &sig);
}

int threads_run(int fd, const struct settings *settings, const struct secrets *secrets)
{
    struct crew crew = { .fd = fd, .settings = settings, .secrets = secrets };
    size_t wanted = (size_t)settings->fcgi_threads, n = 0;
    pthread_t *threads = calloc(wanted, sizeof *threads);

    crew.shared.rates = rates_new(settings);
    crew.shared.hashing = hashing_new(settings->fcgi_threads, settings->hash_jobs);
    pthread_mutex_init(&crew.shared.lock, NULL);
    prepare_signals();
    while (threads && crew.shared.rates && crew.shared.hashing && n < wanted &&
           pthread_create(&threads[n], NULL, work, &crew) == 0)
        n++;
    if (n < wanted) {
        log_error("threads cannot be started");
        atomic_store(&crew.broken, true);
    } else {
        log_info("event=start threads=%zu", n);
        wait_for_stop();
    }
    atomic_store(&crew.stop, true);
    join_all(threads, n);
    free(threads);
    rates_free(crew.shared.rates);
    hashing_free(crew.shared.hashing);
    pthread_mutex_destroy(&crew.shared.lock);
    log_info("event=stop");
    return atomic_load(&crew.broken) ? EXIT_FAILURE : EXIT_SUCCESS;
}
