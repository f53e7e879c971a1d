/* SPDX-License-Identifier: MIT
 * The control socket's lines, and the end that asks (control.h). One question is under way at a time;
 * whatever goes wrong in between ends the connection, so an answer that comes too late can never be taken for
 * the next one's.
 */
#include "common/control.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/room.h"

enum { CONTROL_VERSION = 1, READ_STEP = 4096 };

static const struct {
    const char *word;
    bool room;          /* it has one */
    int64_t room_least; /* 0: or none */
} kinds[CONTROL_DO_COUNT] = {
    [CONTROL_USERS] = { "users", true, 1 },   [CONTROL_ROOM] = { "room", true, 1 },
    [CONTROL_CHARGE] = { "charge", true, 0 }, [CONTROL_SETTINGS] = { "settings", false, 0 },
    [CONTROL_STATS] = { "stats", false, 0 },
};

static const char *const rates[RATE_COUNT] = {
    [RATE_CONNECT] = "connect", [RATE_JOIN] = "join",   [RATE_CREATE] = "create",
    [RATE_LOGIN] = "login",     [RATE_WRONG] = "wrong", [RATE_ENTERED] = "entered",
};

/* ---- the lines ---- */

void control_write_request(struct buf *out, const struct control_request *r)
{
    buf_format(out, "{\"v\":%d,\"id\":%lld,\"do\":\"%s\"", CONTROL_VERSION, (long long)r->id,
               kinds[r->what].word);
    if (kinds[r->what].room) {
        buf_text(out, ",\"room\":");
        buf_i64(out, r->room_id);
    }
    if (r->what == CONTROL_CHARGE) {
        buf_format(out, ",\"what\":\"%s\",\"address\":\"", rates[r->rate]);
        buf_hex(out, r->address.bytes, sizeof r->address.bytes);
        buf_char(out, '"');
    }
    buf_text(out, "}\n");
}

static bool read_what(const struct json_member *m, enum control_do *out)
{
    if (m->kind != JSON_TEXT)
        return false;
    for (size_t i = 0; i < CONTROL_DO_COUNT; i++)
        if (str_is(m->text, kinds[i].word)) {
            *out = (enum control_do)i;
            return true;
        }
    return false;
}

static bool read_charge(const struct json_member *what, const struct json_member *address,
                        struct control_request *r)
{
    if (what->kind != JSON_TEXT || address->kind != JSON_TEXT)
        return false;
    for (size_t i = 0; i < RATE_COUNT; i++)
        if (str_is(what->text, rates[i])) {
            r->rate = (enum rate)i;
            return str_from_hex(address->text, r->address.bytes, sizeof r->address.bytes);
        }
    return false;
}

static bool read_number(const struct json_member *m, int64_t least, int64_t most, int64_t *out)
{
    return m->kind == JSON_NUMBER && json_int(m, out) && *out >= least && *out <= most;
}

bool control_read_request(struct json_reader *reader, struct str line, struct control_request *r)
{
    struct json_member m[] = { { .name = "v" },    { .name = "id" },   { .name = "do" },
                               { .name = "room" }, { .name = "what" }, { .name = "address" } };
    struct control_request q = { 0 };
    int64_t version;

    if (line.n > CONTROL_LINE_MAX || !json_read(reader, line, m, sizeof m / sizeof *m))
        return false;
    if (!read_number(&m[0], CONTROL_VERSION, CONTROL_VERSION, &version) ||
        !read_number(&m[1], 0, INT64_MAX, &q.id) || !read_what(&m[2], &q.what))
        return false;
    if (kinds[q.what].room && !read_number(&m[3], kinds[q.what].room_least, ROOM_ID_MAX, &q.room_id))
        return false;
    if (q.what == CONTROL_CHARGE && !read_charge(&m[4], &m[5], &q))
        return false;
    *r = q;
    return true;
}

void control_write_answer(struct buf *out, int64_t id, bool ok, struct str members)
{
    buf_format(out, "{\"v\":%d,\"id\":%lld,\"ok\":%s", CONTROL_VERSION, (long long)id, ok ? "true" : "false");
    buf_str(out, members);
    buf_text(out, "}\n");
}

/* ---- the asking end ---- */

struct control {
    const char *path;
    int fd; /* -1: not connected */
    int64_t last_id;
    struct json_reader *reader;
    struct buf line; /* the request */
};

/* How one try ended. */
enum try {
    TRY_ANSWERED,
    TRY_FAILED,
    TRY_GONE /* the other end closed before a byte of the answer came: a kept connection may have died unseen
              */
};

struct control *control_new(const char *path)
{
    struct control *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->path = path;
    c->fd = -1;
    c->reader = json_reader_new();
    if (!c->reader) {
        control_free(c);
        return NULL;
    }
    return c;
}

static void hang_up(struct control *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

void control_free(struct control *c)
{
    if (!c)
        return;
    hang_up(c);
    json_reader_free(c->reader);
    buf_free(&c->line);
    free(c);
}

static int64_t left_ms(int64_t deadline)
{
    int64_t left = deadline - clock_mono_ms();

    return left > 0 ? left : 0;
}

/* Waits until the socket is ready; false: the time is over. */
static bool wait_for(int fd, short events, int64_t deadline)
{
    struct pollfd p = { .fd = fd, .events = events };
    int n;

    do
        n = poll(&p, 1, (int)left_ms(deadline));
    while (n < 0 && errno == EINTR);
    return n > 0;
}

/* connect(2) to a Unix socket is over at once, except where its backlog is full: then it says EAGAIN, and
 * there is nothing to wait on but time. */
static bool call_up(struct control *c, int64_t deadline)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int rc;

    if (!str_copy(address.sun_path, sizeof address.sun_path, str_of(c->path)))
        return false;
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        return false;
    while ((rc = connect(c->fd, (const struct sockaddr *)&address, sizeof address)) < 0 &&
           (errno == EAGAIN || errno == EINTR) && left_ms(deadline))
        poll(NULL, 0, 5);
    if (rc < 0)
        hang_up(c);
    return rc == 0;
}

static enum try send_line(struct control *c, int64_t deadline)
{
    struct str rest = buf_all(&c->line);

    while (rest.n) {
        ssize_t n = send(c->fd, rest.p, rest.n, MSG_NOSIGNAL);

        if (n > 0) {
            rest.p += n;
            rest.n -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            if (!wait_for(c->fd, POLLOUT, deadline))
                return TRY_FAILED;
        } else if (n < 0 && errno != EINTR) {
            return errno == EPIPE || errno == ECONNRESET ? TRY_GONE : TRY_FAILED;
        }
    }
    return TRY_ANSWERED;
}

/* Reads until there is one whole line and nothing behind it. */
static enum try receive_line(struct control *c, struct buf *answer, int64_t deadline)
{
    for (;;) {
        char *room = buf_room(answer, READ_STEP), *end;
        ssize_t n;

        if (!room || !wait_for(c->fd, POLLIN, deadline))
            return TRY_FAILED;
        n = recv(c->fd, room, READ_STEP, 0);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return answer->len ? TRY_FAILED : TRY_GONE;
        answer->len += (size_t)n;
        end = memchr(room, '\n', (size_t)n);
        if (!end && answer->len <= CONTROL_LINE_MAX)
            continue;
        if (!end || end != answer->data + answer->len - 1)
            return TRY_FAILED;
        answer->len--;
        *end = '\0';
        return answer->len <= CONTROL_LINE_MAX ? TRY_ANSWERED : TRY_FAILED;
    }
}

static enum try try_once(struct control *c, struct buf *answer, int64_t deadline)
{
    enum try t;

    buf_clear(answer);
    if (c->fd < 0 && !call_up(c, deadline))
        return TRY_FAILED;
    t = send_line(c, deadline);
    if (t == TRY_ANSWERED)
        t = receive_line(c, answer, deadline);
    if (t != TRY_ANSWERED)
        hang_up(c);
    return t;
}

/* True when the line is the answer to request id; *ok is what it says. */
static bool read_answer(struct control *c, struct str line, int64_t id, bool *ok)
{
    struct json_member m[] = { { .name = "v" }, { .name = "id" }, { .name = "ok" } };
    int64_t n;

    if (!json_read(c->reader, line, m, sizeof m / sizeof *m))
        return false;
    if (!read_number(&m[0], CONTROL_VERSION, CONTROL_VERSION, &n) || !read_number(&m[1], id, id, &n))
        return false;
    *ok = str_is(m[2].text, "true");
    return m[2].kind == JSON_BOOL;
}

bool control_ask(struct control *c, struct control_request *r, struct buf *answer)
{
    int64_t deadline = clock_mono_ms() + CONTROL_TIMEOUT_MS;
    bool kept = c->fd >= 0, ok = false;
    enum try t;

    r->id = ++c->last_id;
    buf_clear(&c->line);
    control_write_request(&c->line, r);
    if (!buf_ok(&c->line))
        return false;
    t = try_once(c, answer, deadline);
    if (t == TRY_GONE && kept)
        t = try_once(c, answer, deadline);
    if (t != TRY_ANSWERED)
        return false;
    if (!read_answer(c, buf_all(answer), r->id, &ok)) {
        hang_up(c);
        return false;
    }
    return ok;
}
