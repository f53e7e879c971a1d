/* SPDX-License-Identifier: MIT
 * wsload's sockets: connect, upgrade, frames out (masked, as clients must) and frames in. What a message says
 * is wsload_check.c's business.
 */
#include "tests/load/wsload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/load/handshake.h"

enum { OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10, HEAD_MAX = 8192, PORTS_OF_AN_ADDRESS = 20000 };

/* ---- where to ---- */

static const char *target_unix(struct load *l, const char *path)
{
    struct sockaddr_un *sa = (struct sockaddr_un *)&l->target;
    const char *end = strstr(path, ":/");

    if (!end || (size_t)(end - path) >= sizeof sa->sun_path)
        load_give_up("a unix target is ws+unix:SOCKET:/PATH");
    sa->sun_family = AF_UNIX;
    memcpy(sa->sun_path, path, (size_t)(end - path));
    l->target_len = sizeof *sa;
    return end + 1;
}

static const char *target_tcp(struct load *l, const char *host)
{
    struct sockaddr_in *sa = (struct sockaddr_in *)&l->target;
    const char *colon = strchr(host, ':');
    char text[INET_ADDRSTRLEN], *end;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;

    if (!colon || *end != '/' || port < 1 || port > 65535 ||
        !str_copy(text, sizeof text, (struct str){ host, (size_t)(colon - host) }))
        load_give_up("a target is ws://127.0.0.1:PORT/PATH or ws+unix:SOCKET:/PATH");
    sa->sin_family = AF_INET;
    sa->sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, text, &sa->sin_addr) != 1 || ntohl(sa->sin_addr.s_addr) >> 24 != 127)
        load_give_up("only loopback addresses (127.0.0.0/8) are loaded");
    l->target_len = sizeof *sa;
    return end;
}

void conn_target(struct load *l, const char *url)
{
    const char *path = NULL;

    if (str_begins(str_of(url), "ws://"))
        path = target_tcp(l, url + 5);
    else if (str_begins(str_of(url), "ws+unix:"))
        path = target_unix(l, url + 8);
    else
        load_give_up("%s: neither ws:// nor ws+unix:", url);
    if (!text_parse(&l->path, path))
        load_give_up("the path has too many parts");
}

/* ---- output ---- */

static void conn_drop(struct load *l, struct conn *c)
{
    if (c->state == CONN_CONNECTING || c->state == CONN_UPGRADING || c->state == CONN_JOINING)
        l->under_way--;
    close(c->fd);
    c->fd = -1;
    c->state = CONN_GONE;
    buf_free(&c->in);
    buf_free(&c->out);
}

void conn_flush(struct conn *c)
{
    c->blocked = false;
    while (c->out_sent < c->out.len) {
        ssize_t n = send(c->fd, c->out.data + c->out_sent, c->out.len - c->out_sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) { /* full: EPOLLOUT will come; broken: the next read says so */
            c->blocked = true;
            return;
        }
        c->out_sent += (size_t)n;
    }
    buf_clear(&c->out);
    c->out_sent = 0;
}

static void frame_write(struct buf *out, uint8_t op, struct str payload)
{
    static const uint8_t mask[4] = { 0x5a, 0xc3, 0x17, 0x88 };
    uint8_t head[4] = { (uint8_t)(0x80 | op), (uint8_t)(0x80 | payload.n) };
    char *p;

    if (payload.n >= 126) {
        head[1] = 0x80 | 126;
        head[2] = (uint8_t)(payload.n >> 8);
        head[3] = (uint8_t)payload.n;
    }
    buf_bytes(out, head, payload.n < 126 ? 2 : 4);
    buf_bytes(out, mask, sizeof mask);
    p = buf_room(out, payload.n);
    if (!p)
        load_give_up("out of memory");
    for (size_t i = 0; i < payload.n; i++)
        p[i] = (char)((uint8_t)payload.p[i] ^ mask[i & 3]);
    out->len += payload.n;
}

void conn_publish(struct load *l, struct publisher *p, uint64_t now)
{
    struct text_values v = {
        .conn = (uint64_t)(p - l->publisher), .room = p->conn->room, .number = p->sent++, .sent_at = now
    };

    buf_clear(&l->scratch);
    text_write(&l->scratch, &l->message, &v, (size_t)l->o.size);
    frame_write(&p->conn->out, OP_TEXT, buf_all(&l->scratch));
}

/* ---- opening ---- */

/* One address has some 28,000 ports: more connections come from more addresses. */
static bool source_bind(const struct load *l, const struct conn *c)
{
    struct sockaddr_in sa = { .sin_family = AF_INET };
    int one = 1;

    if (l->target.ss_family != AF_INET)
        return true;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + c->index / PORTS_OF_AN_ADDRESS);
    return !bind(c->fd, (struct sockaddr *)&sa, sizeof sa);
}

void conn_start(struct load *l, struct conn *c)
{
    struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u64 = c->index };

    c->state = CONN_CONNECTING;
    c->started_at = clock_mono_ns();
    l->under_way++;
    c->fd = socket(l->target.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || !source_bind(l, c))
        load_give_up("socket %u: %s", c->index, strerror(errno));
    if (connect(c->fd, (struct sockaddr *)&l->target, l->target_len) && errno != EINPROGRESS) {
        load_wrong(l, WRONG_CONNECT, "connect: %s", strerror(errno));
        conn_drop(l, c);
        return;
    }
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &ev))
        load_give_up("epoll: %s", strerror(errno));
}

static void conn_upgrade(struct load *l, struct conn *c)
{
    struct text_values v = { .conn = c->index, .room = c->room };
    int error = 0;
    socklen_t n = sizeof error;

    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n);
    if (error) {
        load_wrong(l, WRONG_CONNECT, "connect: %s", strerror(error));
        conn_drop(l, c);
        return;
    }
    buf_text(&c->out, "GET ");
    text_write(&c->out, &l->path, &v, 0);
    buf_text(&c->out, " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Key: " LOAD_WS_KEY "\r\nSec-WebSocket-Version: 13\r\n");
    if (l->o.header)
        buf_format(&c->out, "%s\r\n", l->o.header);
    buf_text(&c->out, "\r\n");
    c->state = CONN_UPGRADING;
    conn_flush(c);
}

void conn_ready(struct load *l, struct conn *c)
{
    c->state = CONN_OPEN;
    l->under_way--;
    l->opened++;
    histogram_add(&l->open_time, clock_mono_ns() - c->started_at);
}

/* Returns the bytes of the answer's head, 0 while it is not whole, -1 when it is no 101. */
static ssize_t conn_answer(struct load *l, struct conn *c, struct str b)
{
    struct text_values v = { .conn = c->index, .room = c->room };
    const char *end = memmem(b.p, b.n, "\r\n\r\n", 4);

    if (!end && b.n < HEAD_MAX)
        return 0;
    if (!end || !str_begins(b, "HTTP/1.1 101") ||
        !memmem(b.p, (size_t)(end - b.p), LOAD_WS_ACCEPT, sizeof LOAD_WS_ACCEPT - 1)) {
        load_wrong(l, WRONG_UPGRADE, "the upgrade was answered: %.*s", b.n < 100 ? (int)b.n : 100, b.p);
        return -1;
    }
    c->state = CONN_JOINING;
    if (l->o.open) {
        buf_clear(&l->scratch);
        text_write(&l->scratch, &l->open, &v, 0);
        frame_write(&c->out, OP_TEXT, buf_all(&l->scratch));
        conn_flush(c);
    }
    if (!l->o.ready)
        conn_ready(l, c);
    return end + 4 - b.p;
}

/* ---- input ---- */

/* The frame's head at b: false while it is not whole. */
static bool frame_head(struct str b, size_t *head, uint64_t *len)
{
    const uint8_t *p = (const uint8_t *)b.p;

    *head = b.n < 2 || p[1] < 126 ? 2 : p[1] == 126 ? 4 : 10;
    if (b.n < *head)
        return false;
    *len = p[1] & 127;
    if (*head > 2)
        *len = 0;
    for (size_t i = 2; i < *head; i++)
        *len = *len << 8 | p[i];
    return true;
}

/* One whole frame; false: the connection is over. */
static bool conn_frame(struct load *l, struct conn *c, uint8_t first, struct str payload, uint64_t now)
{
    unsigned code;

    switch (first) {
    case 0x80 | OP_TEXT:
        check_message(l, c, payload, now);
        return true;
    case 0x80 | OP_PING:
        frame_write(&c->out, OP_PONG, payload);
        conn_flush(c);
        return true;
    case 0x80 | OP_PONG:
        return true;
    case 0x80 | OP_CLOSE:
        code = payload.n < 2 ? 0 : (unsigned)(uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1];
        load_wrong(l, WRONG_LOST, "connection %u was closed with %u", c->index, code);
        return false;
    default: /* no server of ours fragments, sends binary or sets reserved bits */
        load_wrong(l, WRONG_PROTOCOL, "connection %u: a frame begins with %02x", c->index, first);
        return false;
    }
}

/* Takes the whole frames at b; returns their bytes, -1 when the connection is over. */
static ssize_t conn_frames(struct load *l, struct conn *c, struct str b, uint64_t now)
{
    struct str rest = b;
    size_t head;
    uint64_t len;

    while (frame_head(rest, &head, &len)) {
        if (len > LOAD_FRAME_MAX || (rest.p[1] & 0x80)) {
            load_wrong(l, WRONG_PROTOCOL, "connection %u: a frame masked or too long", c->index);
            return -1;
        }
        if (rest.n - head < len)
            break;
        l->frames++;
        if (!conn_frame(l, c, (uint8_t)rest.p[0], (struct str){ rest.p + head, len }, now))
            return -1;
        rest.p += head + len;
        rest.n -= head + len;
    }
    return rest.p - b.p;
}

/* Keeps what is not yet whole. False: the connection is over. */
static bool conn_bytes(struct load *l, struct conn *c, struct str b, uint64_t now)
{
    ssize_t used = 0;

    if (c->state == CONN_UPGRADING) {
        used = conn_answer(l, c, b);
        if (used < 0)
            return false;
        b.p += used;
        b.n -= (size_t)used;
    }
    if (c->state != CONN_UPGRADING) {
        used = conn_frames(l, c, b, now);
        if (used < 0)
            return false;
        b.p += used;
        b.n -= (size_t)used;
    }
    buf_clear(&c->in);
    if (b.n)
        buf_str(&c->in, b);
    return true;
}

static void conn_ended(struct load *l, struct conn *c, const char *how)
{
    load_wrong(l, c->state == CONN_OPEN ? WRONG_LOST : WRONG_UPGRADE, "connection %u ended: %s", c->index,
               how);
    conn_drop(l, c);
}

/* to_end: the peer has closed, so that a short read is not the last one. */
static void conn_read(struct load *l, struct conn *c, bool to_end)
{
    for (;;) {
        size_t have = c->in.len;
        ssize_t n;

        if (have)
            memcpy(l->read, c->in.data, have);
        n = recv(c->fd, l->read + have, LOAD_READ_SIZE, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            conn_ended(l, c, n ? strerror(errno) : "end of stream");
            return;
        }
        l->reads++;
        if (!conn_bytes(l, c, (struct str){ (char *)l->read, have + (size_t)n }, clock_mono_ns())) {
            conn_drop(l, c);
            return;
        }
        if (n < LOAD_READ_SIZE && !to_end)
            return; /* edge-triggered, but a short read has emptied the socket */
    }
}

void conn_event(struct load *l, struct conn *c, uint32_t events)
{
    if (c->fd < 0)
        return;
    if (c->state == CONN_CONNECTING) {
        if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
            conn_upgrade(l, c);
        return;
    }
    if (c->blocked && (events & EPOLLOUT))
        conn_flush(c);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        conn_read(l, c, events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP));
}
