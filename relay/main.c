/* SPDX-License-Identifier: MIT
 * globes-relay: the WebSocket daemon. Starts like a checklist: settings, secrets, limits, store, sockets,
 * loop; a failure before the loop ends it with one sentence, one after it ends a connection. Ends by SIGTERM
 * or SIGINT: what is under way is stored and told, everyone gets 1012, then it goes.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/key.h"
#include "common/logline.h"
#include "common/program.h"
#include "relay/deliver.h"
#include "relay/desk.h"
#include "relay/front.h"
#include "relay/rows.h"
#include "relay/sockets.h"

#define PROGRAM "globes-relay"

enum {
    WALK_MEMBERS = 128, /* a turn; in between frames are read and given to the writer (measured) */
    TICK_MS = 1000,
    CLOSE_MS = 2000, /* for the close handshakes of everyone */
    DRAIN_STEP_MS = 10,
    FILES_SPARE = 1024,
    LOCK_EXTRA_MS = 2000
};

extern char **environ;

static const char usage[] =
    "Usage: " PROGRAM " [-f FILE]...\n"
    "Serves the WebSockets of Globes, to which the web server proxies /chats/{room}/ws.\n"
    "  -f FILE    settings, or a web server's snippet with GLOBES_ lines; default " SETTINGS_FILE "\n"
    "  -h, --help this text\n"
    "  --version  the version\n";

/* The relay and what only its beginning, turns and end need. */
struct run {
    struct relay relay;
    uv_check_t turn;
    uv_idle_t more; /* running: the next turn must not sleep */
    uv_timer_t tick, flush, drain;
    uv_signal_t signal[2];
    int64_t flushed_ms, drain_until_ms;
    bool flushing; /* the last turn left something of a flush undone */
    bool draining, closing;
    int status;
    int listen[FRONT_LISTEN_MAX];
    size_t listens;
};

/* ---- the world ---- */

static int64_t world_wall(void *self)
{
    (void)self;
    return clock_wall_ms();
}

static int64_t world_mono(void *self)
{
    (void)self;
    return clock_mono_ms();
}

static void world_chance(void *self, void *out, size_t n)
{
    (void)self;
    key_random(out, n);
}

static int64_t world_charge_join(void *self, uint64_t from)
{
    struct relay *relay = self;
    struct rates_asked asked = { .what = RATE_JOIN, .from = from };

    return rates_charge(relay->rates, &asked, clock_mono_ms()).wait_ms;
}

static void world_append(void *self, struct pending *p)
{
    struct relay *relay = self;

    workers_append(relay->workers, p);
}

struct load {
    struct job job;
    struct relay *relay;
    struct page *page;
};

static void load_run(struct job *job, struct store *store)
{
    page_read(((struct load *)job)->page, store);
}

static void load_done(struct job *job)
{
    struct load *load = (struct load *)job;

    deliver_page_loaded(load->relay->hub, load->page);
    free(load);
}

static void world_load(void *self, struct page *page)
{
    struct load *load = calloc(1, sizeof *load);
    struct relay *relay = self;

    if (!load) {
        page->loading = false; /* it has nothing in it, so whoever asked is closed */
        return;
    }
    load->job.run = load_run;
    load->job.done = load_done;
    load->relay = relay;
    load->page = page;
    workers_read(relay->workers, &load->job);
}

static void on_appended(void *self, struct pending *p)
{
    struct relay *relay = self;

    hub_appended(relay->hub, p);
}

/* ---- the end ---- */

static void close_all(struct run *run)
{
    run->closing = true;
    run->drain_until_ms = clock_mono_ms() + CLOSE_MS;
    hub_close_all(run->relay.hub, CLOSE_RESTART);
}

static void on_drain(uv_timer_t *timer)
{
    struct run *run = timer->data;
    bool late = clock_mono_ms() >= run->drain_until_ms;

    if (!run->closing && (late || workers_busy(run->relay.workers) == 0))
        close_all(run);
    else if (run->closing &&
             (late || (hub_counts(run->relay.hub).sockets == 0 && front_guests(run->relay.front) == 0)))
        uv_stop(&run->relay.loop);
}

/* First what is under way is stored and told, then everyone is closed. */
static void drain(struct run *run, int status)
{
    if (run->draining)
        return;
    run->draining = true;
    run->status = status;
    log_info("ending; sockets=%zu", hub_counts(run->relay.hub).sockets);
    front_stop(run->relay.front);
    hub_deafen(run->relay.hub);
    run->drain_until_ms = clock_mono_ms() + run->relay.settings.drain_time;
    uv_timer_start(&run->drain, on_drain, 0, DRAIN_STEP_MS);
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    drain(signal->data, EXIT_SUCCESS);
}

/* ---- turns ---- */

static void on_more(uv_idle_t *idle)
{
    (void)idle;
}

static void on_flush_time(uv_timer_t *timer)
{
    (void)timer; /* its turn flushes */
}

/* With the setting tick frames wait for each other; true: not yet. */
static bool wait_for_tick(struct run *run)
{
    int64_t tick = run->relay.settings.tick, now, left;

    if (tick == SETTING_NONE || run->draining || run->flushing)
        return false;
    now = clock_mono_ms();
    left = run->flushed_ms + tick - now;
    if (left <= 0) {
        run->flushed_ms = now;
        return false;
    }
    if (!uv_is_active((uv_handle_t *)&run->flush))
        uv_timer_start(&run->flush, on_flush_time, (uint64_t)left, 0);
    return true;
}

static void on_turn(uv_check_t *check)
{
    struct run *run = check->data;
    bool more = workers_turn(run->relay.workers);

    if (!wait_for_tick(run))
        run->flushing = hub_flush(run->relay.hub, WALK_MEMBERS);
    more = more || run->flushing;
    if (more)
        uv_idle_start(&run->more, on_more);
    else
        uv_idle_stop(&run->more);
}

static void on_tick(uv_timer_t *timer)
{
    struct run *run = timer->data;

    workers_expire(run->relay.workers);
    hub_tick(run->relay.hub);
    rows_poll(&run->relay);
    if (workers_broken(run->relay.workers) && !run->draining) {
        log_error("the store did not say whether it has stored; starting anew to find out");
        drain(run, EXIT_FAILURE);
    }
}

static void loop_init(struct run *run)
{
    uv_loop_t *loop = &run->relay.loop;
    const int signals[] = { SIGTERM, SIGINT };

    uv_check_init(loop, &run->turn);
    run->turn.data = run;
    uv_check_start(&run->turn, on_turn);
    uv_idle_init(loop, &run->more);
    uv_timer_init(loop, &run->flush);
    uv_timer_init(loop, &run->drain);
    run->drain.data = run;
    uv_timer_init(loop, &run->tick);
    run->tick.data = run;
    uv_timer_start(&run->tick, on_tick, TICK_MS, TICK_MS);
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(loop, &run->signal[i]);
        run->signal[i].data = run;
        uv_signal_start(&run->signal[i], on_signal, signals[i]);
    }
}

static void loop_end(struct run *run)
{
    uv_handle_t *handles[] = { (uv_handle_t *)&run->turn,     (uv_handle_t *)&run->more,
                               (uv_handle_t *)&run->flush,    (uv_handle_t *)&run->drain,
                               (uv_handle_t *)&run->tick,     (uv_handle_t *)&run->signal[0],
                               (uv_handle_t *)&run->signal[1] };

    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        uv_close(handles[i], NULL);
}

/* ---- the beginning ---- */

/* Enough descriptors for sockets_max and no more: libwebsockets sizes its tables by this. */
static void raise_files(int64_t sockets)
{
    struct rlimit files;
    rlim_t want = sockets == SETTING_NONE ? RLIM_INFINITY : (rlim_t)sockets + FILES_SPARE;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = want < files.rlim_max ? want : files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < want && sockets != SETTING_NONE)
        log_warn("sockets_max is %lld, but only %llu files may be open", (long long)sockets,
                 (unsigned long long)files.rlim_cur);
}

static int fail(struct buf *why, int status)
{
    log_error("%s", why->data ? why->data : "out of memory");
    buf_free(why);
    return status;
}

static struct hub_limits limits_of(const struct settings *s)
{
    return (struct hub_limits){
        .window_size = (size_t)s->window_size,
        .window_total = (size_t)s->window_total,
        .pending_max = (size_t)s->pending_max,
        .pending_per_socket = s->pending_per_socket,
        .members_max = s->members_max,
        .message_max = s->message_max,
        .name_max = s->name_max,
        .send_rate = rates_of(s->send_rate, s->send_burst),
        .stall_max_ms = s->stall_max,
        .token_max_age_ms = s->token_max_age,
    };
}

/* Listening sockets for the accept stage; how many. */
static size_t open_front(struct run *run, struct buf *why)
{
    size_t n = sockets_given(run->listen, FRONT_LISTEN_MAX);

    if (n)
        return n;
    run->listen[0] = sockets_listen(run->relay.settings.relay_listen, why);
    return run->listen[0] >= 0;
}

static int open_parts(struct run *run, struct buf *why)
{
    struct relay *r = &run->relay;
    struct hub_limits limits = limits_of(&r->settings);
    struct ws_options options = { r->settings.ping_interval, r->settings.hangup,
                                  (size_t)r->settings.frame_max };
    enum store_result stored =
        workers_start(&r->workers, &r->loop, r->settings.store, r->settings.drain_time + LOCK_EXTRA_MS,
                      r->settings.store_timeout, on_appended, r, why);
    int control;

    if (stored != STORE_OK)
        return fail(why, stored == STORE_TAKEN ? PROGRAM_EXIT_TAKEN : EXIT_FAILURE);
    rows_preset(r);
    control = sockets_listen(r->settings.control_socket, why);
    run->listens = control >= 0 ? open_front(run, why) : 0;
    if (!run->listens)
        return fail(why, EXIT_FAILURE);
    r->rates = rates_new(&r->settings);
    r->hub = hub_new(&r->world, &limits);
    r->ws = ws_new(&r->loop, &options);
    r->desk = desk_new(r, control);
    r->front = front_new(r, run->listen, run->listens);
    if (!r->rates || !r->hub || !r->ws || !r->desk || !r->front)
        return fail(why, EXIT_FAILURE);
    return EXIT_SUCCESS;
}

static int read_settings(struct run *run, char *const *files, struct buf *why)
{
    struct settings *s = &run->relay.settings;

    if (!settings_load(s, files, environ, why) || !secrets_read(&run->relay.secrets, s->secret_file, why))
        return fail(why, PROGRAM_EXIT_SETTINGS);
    log_open(PROGRAM, (enum log_level)s->log_level, s->log_format != 0);
    return EXIT_SUCCESS;
}

static void serve(struct run *run)
{
    struct relay *r = &run->relay;

    rows_sweep(r);
    log_info("serving; pid=%d", (int)getpid());
    uv_run(&r->loop, UV_RUN_DEFAULT);
}

/* In the reverse order: nobody comes in, nothing is under way, nothing is open. */
static void end_parts(struct run *run)
{
    struct relay *r = &run->relay;

    front_free(r->front);
    for (size_t i = 0; i < run->listens; i++)
        close(run->listen[i]);
    desk_free(r->desk); /* its socket too, before the store's lock is free for another relay */
    ws_stop(r->ws);
    workers_stop(r->workers);
    loop_end(run);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    ws_free(r->ws);
    hub_free(r->hub);
    rates_free(r->rates);
    uv_loop_close(&r->loop);
    secrets_wipe(&r->secrets);
    settings_free(&r->settings);
}

int main(int argc, char **argv)
{
    static struct run run;
    struct buf why = { 0 };
    char **files = calloc((size_t)argc + 1, sizeof *files);
    int status = files ? program_options(argc, argv, PROGRAM, usage, files) : EXIT_FAILURE;

    if (status >= 0) {
        free(files);
        return status;
    }
    program_no_core();
    umask(0007);
    signal(SIGPIPE, SIG_IGN);
    log_open(PROGRAM, LEVEL_INFO, false);
    run.relay.world = (struct world){ .self = &run.relay,
                                      .wall_ms = world_wall,
                                      .mono_ms = world_mono,
                                      .chance = world_chance,
                                      .charge_join = world_charge_join,
                                      .append = world_append,
                                      .load = world_load };
    ws_world(&run.relay.world);
    status = read_settings(&run, files, &why);
    free(files);
    if (status != EXIT_SUCCESS)
        return status;
    raise_files(run.relay.settings.sockets_max);
    uv_loop_init(&run.relay.loop);
    loop_init(&run);
    status = open_parts(&run, &why);
    if (status != EXIT_SUCCESS)
        return status;
    serve(&run);
    end_parts(&run);
    buf_free(&why);
    return run.status;
}
