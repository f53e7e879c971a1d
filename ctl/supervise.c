/* SPDX-License-Identifier: MIT
 * Signals are blocked and taken one by one, so no handler of ours ever runs (supervise.h).
 */
#include "ctl/supervise.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/logline.h"
#include "ctl/ctl.h"
#include "ctl/httpd.h"

enum {
    READY_EVERY_MS = 50,      /* between two looks whether all three answer */
    READY_TELL_MS = 10000,    /* after which the log says what is missing */
    STOP_HTTPD_MS = 1000,     /* lighttpd's grace beyond the relay's drain_time */
    STOP_KILL_MS = 5000,      /* everyone's */
    FOREVER_MS = 3600 * 1000, /* a loop with nothing to wait for wakes once an hour */
};

void supervise_signals(struct supervisor *s)
{
    sigemptyset(&s->signals);
    sigaddset(&s->signals, SIGCHLD);
    sigaddset(&s->signals, SIGINT);
    sigaddset(&s->signals, SIGTERM);
    sigaddset(&s->signals, SIGHUP); /* the terminal was closed */
    sigprocmask(SIG_BLOCK, &s->signals, NULL);
    /* Whoever reads our log or our line may go before we do. */
    signal(SIGPIPE, SIG_IGN);
}

/* The signal that came, or 0 after so many milliseconds. */
static int wait_signal(const struct supervisor *s, int64_t ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    int sig = sigtimedwait(&s->signals, NULL, &t);

    return sig > 0 ? sig : 0;
}

static struct child *child_of(struct supervisor *s, pid_t pid)
{
    for (int i = 0; i < CHILDREN; i++)
        if (s->child[i].pid == pid)
            return &s->child[i];
    return NULL; /* as process 1 of a container we inherit strangers */
}

/* One child that has ended, or NULL. Signals of several ends may come as one: callers ask until there is
 * none. */
static struct child *reap(struct supervisor *s, int *status)
{
    for (pid_t pid; (pid = waitpid(-1, status, WNOHANG)) > 0;) {
        struct child *c = child_of(s, pid);
        if (c)
            return c;
    }
    return NULL;
}

/* False: a child's settings are wrong, so everything ends. */
static bool restart_ended(struct supervisor *s)
{
    int status;

    for (struct child *c; (c = reap(s, &status));) {
        if (WIFEXITED(status) && WEXITSTATUS(status) == CTL_SETTINGS && c != &s->child[CHILD_HTTPD]) {
            c->pid = 0;
            log_error("%s cannot run with these settings (its own line above says why): ending", c->name);
            s->exit_code = CTL_SETTINGS;
            return false;
        }
        child_ended(c, status);
    }
    return true;
}

/* Starts what is due; how long nothing else will be. */
static int64_t start_due(struct supervisor *s)
{
    int64_t now = clock_mono_ms();
    int64_t wait = FOREVER_MS;

    for (int i = 0; i < CHILDREN; i++) {
        struct child *c = &s->child[i];
        if (!c->pid && c->due_ms <= now)
            child_start(c, s->environment);
        if (!c->pid && c->due_ms - now < wait)
            wait = c->due_ms - now;
    }
    return wait > 0 ? wait : 0;
}

static bool relay_answers(struct supervisor *s)
{
    struct control_request ask = { .what = CONTROL_STATS };
    struct buf answer = { 0 };
    bool good = control_ask(s->control, &ask, &answer);

    buf_free(&answer);
    return good;
}

static void say_ready(struct supervisor *s)
{
    bool v6 = strchr(s->options->bind, ':');

    printf("ready: http://%s%s%s:%d/\n", v6 ? "[" : "", s->options->bind, v6 ? "]" : "", s->options->port);
    fflush(stdout);
    s->ready = true;
}

static void look_whether_ready(struct supervisor *s)
{
    bool relay = relay_answers(s);
    bool httpd = relay && httpd_answers(s->options, s->base);

    if (httpd) {
        say_ready(s);
    } else if (!s->waiting_told && clock_mono_ms() - s->begun_ms > READY_TELL_MS) {
        log_warn("still waiting: %s does not answer yet",
                 relay ? "globes.fcgi behind lighttpd" : "globes-relay");
        s->waiting_told = true;
    }
}

static void tell(const struct child *c, int sig)
{
    if (c->pid)
        kill(c->pid, sig);
}

static bool any_left(const struct supervisor *s)
{
    for (int i = 0; i < CHILDREN; i++)
        if (s->child[i].pid)
            return true;
    return false;
}

static void kill_all(struct supervisor *s)
{
    for (int i = 0; i < CHILDREN; i++)
        if (s->child[i].pid)
            log_warn("%s has not ended in time, or there was a second signal: killing it", s->child[i].name);
    for (int i = 0; i < CHILDREN; i++)
        tell(&s->child[i], SIGKILL);
}

static void note_ended(struct supervisor *s)
{
    int status;
    char words[64];

    for (struct child *c; (c = reap(s, &status));) {
        log_info("%s %s", c->name, child_end_words(words, status));
        c->pid = 0;
    }
}

/* lighttpd takes no new connections from the first moment, but carries the relay's farewell (1012) to those
 * who are connected and the answers to what fcgi has in hand; so fcgi is told to end only once lighttpd is
 * gone. */
static void stop(struct supervisor *s)
{
    int64_t begun = clock_mono_ms();
    int64_t httpd_at = begun + s->drain_ms + STOP_HTTPD_MS, kill_at = begun + s->drain_ms + STOP_KILL_MS;
    bool fcgi_told = false;

    log_info("ending");
    tell(&s->child[CHILD_HTTPD], SIGINT);
    tell(&s->child[CHILD_RELAY], SIGTERM);
    for (;;) {
        note_ended(s);
        if (!any_left(s))
            return;
        if (!s->child[CHILD_HTTPD].pid && !fcgi_told) {
            tell(&s->child[CHILD_FCGI], SIGTERM);
            fcgi_told = true;
        }
        int64_t now = clock_mono_ms();
        if (now >= kill_at) {
            kill_all(s);
            kill_at = now + STOP_KILL_MS;
        } else if (now >= httpd_at) {
            tell(&s->child[CHILD_HTTPD], SIGTERM);
            httpd_at = kill_at;
        }
        int sig = wait_signal(s, (httpd_at < kill_at ? httpd_at : kill_at) - now);
        if (sig && sig != SIGCHLD) /* asked a second time */
            kill_at = 0;
    }
}

int supervise(struct supervisor *s)
{
    s->begun_ms = clock_mono_ms();
    for (;;) {
        int64_t wait = start_due(s);
        if (!s->ready && wait > READY_EVERY_MS)
            wait = READY_EVERY_MS;
        int sig = wait_signal(s, wait);
        if (sig && sig != SIGCHLD)
            break;
        if (!restart_ended(s))
            break;
        if (!s->ready && !sig)
            look_whether_ready(s);
    }
    stop(s);
    return s->exit_code;
}
