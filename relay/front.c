/* SPDX-License-Identifier: MIT
 * The accept stage's sockets; see front.h. What is decided about them is in admit.c.
 */
#include "relay/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/key.h"
#include "common/logline.h"
#include "relay/guest.h"

enum {
    ACCEPT_MOST = 64, /* a turn: frames are read and sent in between */
    SWEEP_MS = 100,
    LINGER_MS = 1000,
    SPARE = 256 /* at the door beyond sockets_max: they are told 503 */
};

struct front {
    struct relay *relay;
    uv_poll_t listen[FRONT_LISTEN_MAX];
    size_t listens;
    uv_timer_t sweep;
    bool stopped, paused;
    bool told; /* that there are no descriptors; until one is there again */
    struct guest *first;
    size_t guests;
    size_t closing; /* handles of its own that libuv has not let go yet */
};

struct relay *guest_relay(struct guest *g)
{
    return g->front->relay;
}

size_t front_guests(const struct front *front)
{
    return front->guests;
}

/* ---- guests ---- */

static void on_guest_closed(uv_handle_t *handle)
{
    struct guest *g = handle->data;

    buf_free(&g->bytes);
    free(g);
}

void guest_end(struct guest *g)
{
    struct front *front = g->front;

    if (g->lookup)
        admit_forget(g);
    *(g->prev ? &g->prev->next : &front->first) = g->next;
    if (g->next)
        g->next->prev = g->prev;
    front->guests--;
    if (g->fd >= 0) {
        uv_poll_stop(&g->poll);
        close(g->fd);
        g->fd = -1;
    }
    uv_close((uv_handle_t *)&g->poll, on_guest_closed);
}

int guest_take_socket(struct guest *g)
{
    int fd = g->fd;

    uv_poll_stop(&g->poll); /* libuv lets go of it at once, so that lws can watch it */
    g->fd = -1;
    return fd;
}

static void on_guest(uv_poll_t *poll, int status, int events);

struct address guest_address(struct guest *g)
{
    struct sockaddr_storage peer = { 0 };
    const void *at = &((struct sockaddr_in *)&peer)->sin_addr;
    socklen_t len = sizeof peer;
    char text[INET6_ADDRSTRLEN] = "";

    if (getpeername(g->fd, (struct sockaddr *)&peer, &len) == 0 && peer.ss_family == AF_UNIX)
        return address_of(STR("unix"), g->head.forwarded_for, &guest_relay(g)->settings.trusted_proxies);
    if (peer.ss_family == AF_INET6)
        at = &((struct sockaddr_in6 *)&peer)->sin6_addr;
    inet_ntop(peer.ss_family, at, text, sizeof text);
    return address_of(str_of(text), g->head.forwarded_for, &guest_relay(g)->settings.trusted_proxies);
}

static void say(struct guest *g, int http, struct str body)
{
    uint8_t id[8];
    struct buf out = { 0 };

    key_random(id, sizeof id);
    buf_format(&out, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n", http,
               error_status_text(http), body.n);
    buf_text(&out, "Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                   "Vary: Origin, Accept, Authorization\r\nX-Request-Id: ");
    buf_hex(&out, id, sizeof id);
    if (http == 426)
        buf_text(&out, "\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13");
    if (http == 405) /* only health has methods of its own here */
        buf_text(&out, "\r\nAllow: GET, HEAD");
    if (http == 429 || http == 503)
        buf_format(&out, "\r\nRetry-After: %lld", (long long)error_retry_s(g->wait_ms));
    buf_text(&out, "\r\n\r\n");
    if (!str_is(g->head.method, "HEAD"))
        buf_str(&out, body);
    /* Into an empty socket: it fits, or the other side is gone. */
    if (buf_ok(&out) && send(g->fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        log_debug("a refusal was not heard");
    buf_free(&out);
    shutdown(g->fd, SHUT_WR);
    g->state = GUEST_LINGERING;
    g->deadline_ms = clock_mono_ms() + LINGER_MS;
    buf_clear(&g->bytes);
    uv_poll_start(&g->poll, UV_READABLE, on_guest);
}

void guest_refuse(struct guest *g, enum err e, struct str field)
{
    struct buf body = { 0 };

    error_json(&body, e, field);
    say(g, error_info(e)->http, buf_all(&body));
    buf_free(&body);
}

void guest_health(struct guest *g, bool well)
{
    say(g, well ? 200 : 503, well ? STR("{\"status\":true}") : STR("{\"status\":false}"));
}

/* ---- reading heads ---- */

/* False: the guest has ended. */
static bool read_some(struct guest *g)
{
    enum { PIECE = 2048 };
    char *room = buf_room(&g->bytes, PIECE);
    ssize_t n = room ? recv(g->fd, room, PIECE, MSG_DONTWAIT) : 0;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0) {
        guest_end(g);
        return false;
    }
    g->bytes.len += (size_t)n;
    return true;
}

static void on_head_bytes(struct guest *g)
{
    size_t end;

    if (!read_some(g))
        return;
    end = head_end(buf_all(&g->bytes), &g->scanned);
    if (end == SIZE_MAX) {
        guest_refuse(g, ERR_SESSION, (struct str){ 0 });
    } else if (end > HEAD_MAX || (!end && g->bytes.len >= HEAD_MAX)) {
        guest_refuse(g, ERR_HEAD_TOO_LARGE, (struct str){ 0 });
    } else if (end) {
        g->head_len = end;
        g->state = GUEST_WAITING;
        admit(g);
    }
}

static void on_guest(uv_poll_t *poll, int status, int events)
{
    struct guest *g = poll->data;

    (void)events;
    if (status < 0) {
        guest_end(g);
    } else if (g->state == GUEST_READING) {
        on_head_bytes(g);
    } else if (g->state == GUEST_LINGERING) {
        if (read_some(g))
            buf_clear(&g->bytes);
    } else {
        uv_poll_stop(poll); /* what comes now is for later; admit() goes on */
    }
}

static void greet(struct front *front, int fd)
{
    struct guest *g = calloc(1, sizeof *g);
    struct relay *relay = front->relay;

    if (!g || uv_poll_init(&relay->loop, &g->poll, fd) != 0) {
        free(g);
        close(fd);
        return;
    }
    g->front = front;
    g->fd = fd;
    g->next = front->first;
    g->poll.data = g;
    g->deadline_ms = clock_mono_ms() + relay->settings.head_timeout;
    if (front->first)
        front->first->prev = g;
    front->first = g;
    front->guests++;
    uv_poll_start(&g->poll, UV_READABLE, on_guest);
    if ((int64_t)(front->guests + hub_counts(relay->hub).sockets) - SPARE > relay->settings.sockets_max)
        guest_refuse(g, ERR_UNAVAILABLE, STR("sockets_max"));
}

/* ---- listening ---- */

static void on_listen(uv_poll_t *poll, int status, int events)
{
    struct front *front = poll->data;
    int listening = -1;

    (void)events;
    if (status < 0 || uv_fileno((uv_handle_t *)poll, &listening) != 0)
        return;
    for (int i = 0; i < ACCEPT_MOST; i++) {
        int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            front->told = false;
            greet(front, fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* They wait in the backlog; polling on would only turn the loop. */
            if (!front->told)
                log_errno("no more sockets for now");
            front->told = front->paused = true;
            uv_poll_stop(poll);
        }
        return;
    }
}

static void listen_again(struct front *front)
{
    front->paused = false;
    for (size_t i = 0; i < front->listens; i++)
        uv_poll_start(&front->listen[i], UV_READABLE, on_listen);
}

static void on_sweep(uv_timer_t *timer)
{
    struct front *front = timer->data;
    int64_t now = clock_mono_ms();

    for (struct guest *next, *g = front->first; g; g = next) {
        next = g->next;
        if (g->state != GUEST_WAITING && now >= g->deadline_ms)
            guest_end(g);
    }
    if (front->paused && !front->stopped)
        listen_again(front);
}

struct front *front_new(struct relay *relay, const int *fds, size_t n)
{
    struct front *front = calloc(1, sizeof *front);

    if (!front)
        return NULL;
    front->relay = relay;
    uv_timer_init(&relay->loop, &front->sweep);
    front->sweep.data = front;
    uv_timer_start(&front->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    for (size_t i = 0; i < n && i < FRONT_LISTEN_MAX; i++) {
        if (uv_poll_init(&relay->loop, &front->listen[i], fds[i]) != 0)
            break;
        front->listen[i].data = front;
        uv_poll_start(&front->listen[i], UV_READABLE, on_listen);
        front->listens++;
    }
    return front;
}

void front_stop(struct front *front)
{
    front->stopped = true;
    for (size_t i = 0; i < front->listens; i++)
        uv_poll_stop(&front->listen[i]);
    for (struct guest *next, *g = front->first; g; g = next) {
        next = g->next;
        if (g->state == GUEST_READING)
            guest_refuse(g, ERR_UNAVAILABLE, (struct str){ 0 });
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct front *front = handle->data;

    if (--front->closing == 0)
        free(front);
}

void front_free(struct front *front)
{
    if (!front)
        return;
    while (front->first)
        guest_end(front->first);
    front->closing = 1 + front->listens;
    for (size_t i = 0; i < front->listens; i++)
        uv_close((uv_handle_t *)&front->listen[i], on_handle_closed);
    uv_close((uv_handle_t *)&front->sweep, on_handle_closed);
}
