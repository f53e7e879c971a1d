/* SPDX-License-Identifier: MIT
 * The control socket's answering end; see desk.h. A line is a question, a line is its answer; they may
 * overtake each other, the id tells. One row of the table for each question.
 */
#include "relay/desk.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/control.h"
#include "common/logline.h"
#include "relay/rows.h"

enum { BACKLOG = 128, ASKERS_MAX = 512, USERS_BYTES_MAX = 60000, PIECE = 4096 };

struct desk {
    uv_pipe_t listen;
    struct relay *relay;
    struct json_reader *json;
    struct asker *first;
    size_t askers;
};

/* Somebody who asks, by one connection. */
struct asker {
    uv_pipe_t pipe;
    struct asker *next, *prev;
    struct desk *desk;
    struct buf in;
    unsigned waiting; /* questions of it that are being worked on */
    bool closed;
};

/* A question that takes a while. */
struct question {
    struct asker *asker;
    int64_t id;
};

/* An answer on its way out. */
struct answer {
    uv_write_t write;
    struct buf line;
};

/* ---- askers ---- */

static void asker_free(struct asker *a)
{
    if (!a->closed || a->waiting)
        return;
    buf_free(&a->in);
    free(a);
}

static void on_asker_closed(uv_handle_t *handle)
{
    struct asker *a = handle->data;

    a->closed = true;
    asker_free(a);
}

static void asker_end(struct asker *a)
{
    struct desk *desk = a->desk;

    if (uv_is_closing((uv_handle_t *)&a->pipe))
        return;
    *(a->prev ? &a->prev->next : &desk->first) = a->next;
    if (a->next)
        a->next->prev = a->prev;
    desk->askers--;
    uv_close((uv_handle_t *)&a->pipe, on_asker_closed);
}

static void on_written(uv_write_t *write, int status)
{
    struct answer *answer = write->data;

    (void)status;
    buf_free(&answer->line);
    free(answer);
}

static void say(struct asker *a, int64_t id, bool ok, struct str members)
{
    struct answer *answer = uv_is_closing((uv_handle_t *)&a->pipe) ? NULL : calloc(1, sizeof *answer);
    uv_buf_t out;

    if (!answer)
        return;
    answer->write.data = answer;
    control_write_answer(&answer->line, id, ok, members);
    out = uv_buf_init(answer->line.data, (unsigned)answer->line.len);
    if (!buf_ok(&answer->line) ||
        uv_write(&answer->write, (uv_stream_t *)&a->pipe, &out, 1, on_written) != 0) {
        on_written(&answer->write, 0);
        asker_end(a);
    }
}

/* ---- answers ---- */

static void on_users(struct asker *a, const struct control_request *r)
{
    const struct hub_room *room = hub_find(a->desk->relay->hub, r->room_id);
    struct buf b = { 0 };
    uint32_t told = 0;

    buf_text(&b, ",\"users\":[");
    for (const struct person *who = room ? room->presence.first : NULL; who && b.len < USERS_BYTES_MAX;
         who = who->next) {
        if (told++)
            buf_char(&b, ',');
        room_user_json(&b, &(struct room_user){ who->name, who->color, who->active_ms, who->verified });
    }
    buf_text(&b, "],\"total\":");
    buf_u64(&b, room ? room->presence.n : 0);
    say(a, r->id, buf_ok(&b), buf_all(&b));
    buf_free(&b);
}

static void on_stats(struct asker *a, const struct control_request *r)
{
    struct hub_counts counts = hub_counts(a->desk->relay->hub);
    struct workers_counts work = workers_counts(a->desk->relay->workers);
    struct buf b = { 0 };

    buf_format(&b, ",\"pid\":%d,\"sockets\":%zu,\"rooms\":%zu,\"people\":%zu,\"pending\":%zu", (int)getpid(),
               counts.sockets, counts.rooms, counts.people, counts.pending);
    buf_text(&b, ",\"commits\":");
    buf_u64(&b, work.commits);
    buf_text(&b, ",\"entries\":");
    buf_u64(&b, work.entries);
    say(a, r->id, buf_ok(&b), buf_all(&b));
    buf_free(&b);
}

static void on_charge(struct asker *a, const struct control_request *r)
{
    struct rates *rates = a->desk->relay->rates;
    struct rates_asked asked = { r->rate, rates_from(rates, &r->address), r->room_id };
    struct rates_answer said = rates_charge(rates, &asked, clock_mono_ms());
    struct buf b = { 0 };

    buf_text(&b, ",\"wait_ms\":");
    buf_i64(&b, said.wait_ms);
    if (said.field)
        buf_format(&b, ",\"field\":\"%s\"", said.field);
    if (said.trust)
        buf_format(&b, ",\"trust\":%d", (int)said.trust);
    say(a, r->id, buf_ok(&b), buf_all(&b));
    buf_free(&b);
}

static void on_settings(struct asker *a, const struct control_request *r)
{
    const struct settings *s = &a->desk->relay->settings;
    uint8_t mark[SETTING_MARK_SIZE];
    struct buf b = { 0 };

    buf_text(&b, ",\"settings\":{");
    for (size_t i = 0; i < settings_count(); i++) {
        settings_mark(s, i, mark);
        buf_format(&b, "%s\"%s\":\"", i ? "," : "", settings_row(s, i).name);
        buf_hex(&b, mark, sizeof mark);
        buf_char(&b, '"');
    }
    buf_char(&b, '}');
    say(a, r->id, buf_ok(&b), buf_all(&b));
    buf_free(&b);
}

static void on_done(void *arg, bool ok)
{
    struct question *q = arg;
    struct asker *a = q->asker;

    a->waiting--;
    if (!a->closed)
        say(a, q->id, ok, (struct str){ 0 });
    asker_free(a);
    free(q);
}

static struct question *question_new(struct asker *a, const struct control_request *r)
{
    struct question *q = malloc(sizeof *q);

    if (!q) {
        say(a, r->id, false, (struct str){ 0 });
        return NULL;
    }
    *q = (struct question){ a, r->id };
    a->waiting++;
    return q;
}

static void on_room(struct asker *a, const struct control_request *r)
{
    struct question *q = question_new(a, r);

    if (q)
        rows_refresh(a->desk->relay, r->room_id, on_done, q);
}

static void (*const questions[CONTROL_DO_COUNT])(struct asker *a, const struct control_request *r) = {
    [CONTROL_USERS] = on_users,       [CONTROL_ROOM] = on_room,   [CONTROL_CHARGE] = on_charge,
    [CONTROL_SETTINGS] = on_settings, [CONTROL_STATS] = on_stats,
};

/* ---- lines in ---- */

/* Answers all whole lines that have come; false when one is not to be understood. */
static bool read_lines(struct asker *a)
{
    struct control_request r;
    char *end;

    while (a->in.len && (end = memchr(a->in.data, '\n', a->in.len)) != NULL) {
        struct str line = { a->in.data, (size_t)(end - a->in.data) };

        if (!control_read_request(a->desk->json, line, &r))
            return false;
        questions[r.what](a, &r);
        a->in.len -= line.n + 1;
        memmove(a->in.data, end + 1, a->in.len);
    }
    return a->in.len < CONTROL_LINE_MAX;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct asker *a = handle->data;
    char *room = buf_room(&a->in, PIECE);

    (void)suggested;
    *out = uv_buf_init(room, room ? PIECE : 0);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct asker *a = stream->data;

    (void)buf;
    if (n > 0)
        a->in.len += (size_t)n;
    if (n < 0 || !read_lines(a)) {
        if (n > 0)
            log_warn("control socket: a line that is none of ours; the connection is closed");
        asker_end(a);
    }
}

/* root, the relay's own user, or somebody of its group: globes.fcgi's user. */
static bool may_ask(uv_pipe_t *pipe)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    int fd;

    if (uv_fileno((uv_handle_t *)pipe, &fd) != 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return false;
    return peer.uid == 0 || peer.uid == geteuid() || peer.gid == getegid();
}

static void on_asker(uv_stream_t *listen, int status)
{
    struct desk *desk = listen->data;
    struct asker *a = status == 0 ? calloc(1, sizeof *a) : NULL;

    if (!a)
        return;
    uv_pipe_init(&desk->relay->loop, &a->pipe, 0);
    a->pipe.data = a;
    a->desk = desk;
    a->next = desk->first;
    if (desk->first)
        desk->first->prev = a;
    desk->first = a;
    desk->askers++;
    if (uv_accept(listen, (uv_stream_t *)&a->pipe) != 0 || desk->askers > ASKERS_MAX || !may_ask(&a->pipe) ||
        uv_read_start((uv_stream_t *)&a->pipe, on_alloc, on_read) != 0)
        asker_end(a);
}

struct desk *desk_new(struct relay *relay, int fd)
{
    struct desk *desk = calloc(1, sizeof *desk);

    if (!desk)
        return NULL;
    desk->relay = relay;
    desk->json = json_reader_new();
    uv_pipe_init(&relay->loop, &desk->listen, 0);
    desk->listen.data = desk;
    if (desk->json && uv_pipe_open(&desk->listen, fd) == 0 &&
        uv_listen((uv_stream_t *)&desk->listen, BACKLOG, on_asker) == 0)
        return desk;
    desk_free(desk);
    return NULL;
}

static void on_desk_closed(uv_handle_t *handle)
{
    struct desk *desk = handle->data;

    json_reader_free(desk->json);
    free(desk);
}

void desk_free(struct desk *desk)
{
    if (!desk)
        return;
    while (desk->first)
        asker_end(desk->first);
    uv_close((uv_handle_t *)&desk->listen, on_desk_closed);
}
