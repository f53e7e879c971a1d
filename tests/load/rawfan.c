/* SPDX-License-Identifier: MIT
 * The limit server: what a single-threaded WebSocket relay can do at most on this machine. Every connection
 * is in the room named by the path of its URL; each message is framed once into the room's buffer, and at the
 * end of a loop turn each member gets all of it by one send(). No JSON, no names, no store, no time limits,
 * no answer to anything but the frames that wsload sends: what remains is what the kernel charges.
 * tests/load/bench starts it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/load/handshake.h"

enum {
    EVENTS = 1024,
    ACCEPTS_A_TURN = 256,
    BUCKETS = 16384,
    ROOM_NAME_SIZE = 64,
    HEAD_MAX = 8192,
    FRAME_MAX = 65535 + 8,
    READ_SIZE = 256 * 1024,
    BACKLOG_MAX = 4 * 1024 * 1024 /* unsent bytes of one connection; beyond, it is closed */
};

struct bytes {
    uint8_t *p;
    size_t len, size;
};

struct room;

struct conn {
    int fd;
    bool dead;
    uint32_t at;          /* place in room->member */
    struct room *room;    /* NULL until upgraded */
    struct bytes in, out; /* unparsed input, unsent output */
    struct conn *next_dead;
};

struct room {
    struct room *next, *next_dirty;
    struct conn **member;
    uint32_t n, size;
    bool dirty;
    struct bytes turn; /* frames of this turn */
    char name[ROOM_NAME_SIZE];
};

struct fan {
    int epoll, listener;
    struct room *rooms[BUCKETS], *dirty;
    struct conn *dead; /* freed at the end of the turn: an event of it may still be on the list */
    uint8_t read[READ_SIZE];
};

static void *grown(void *p, size_t n)
{
    p = realloc(p, n);
    if (!p) {
        perror("rawfan");
        exit(1);
    }
    return p;
}

static void bytes_room(struct bytes *b, size_t n)
{
    size_t size = b->size ? b->size : 4096;

    if (b->len + n <= b->size)
        return;
    while (size < b->len + n)
        size *= 2;
    b->p = grown(b->p, size);
    b->size = size;
}

static void bytes_add(struct bytes *b, const void *p, size_t n)
{
    bytes_room(b, n);
    memcpy(b->p + b->len, p, n);
    b->len += n;
}

static void bytes_drop(struct bytes *b, size_t n)
{
    b->len -= n;
    if (b->len) {
        memmove(b->p, b->p + n, b->len);
        return;
    }
    free(b->p);
    *b = (struct bytes){ 0 };
}

/* ---- connections: output ---- */

static void conn_kill(struct fan *fan, struct conn *c)
{
    struct room *r = c->room;

    if (c->dead)
        return;
    c->dead = true;
    if (r) {
        r->member[c->at] = r->member[--r->n];
        r->member[c->at]->at = c->at;
        c->room = NULL;
    }
    close(c->fd);
    c->next_dead = fan->dead;
    fan->dead = c;
}

static void conn_want(struct fan *fan, struct conn *c, uint32_t events)
{
    struct epoll_event ev = { .events = events, .data.ptr = c };

    epoll_ctl(fan->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

static void conn_send(struct fan *fan, struct conn *c, const void *p, size_t n)
{
    ssize_t sent = 0;

    if (!c->out.len) {
        sent = send(c->fd, p, n, MSG_NOSIGNAL);
        if (sent == (ssize_t)n)
            return;
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            conn_kill(fan, c);
            return;
        }
        sent = sent < 0 ? 0 : sent;
        conn_want(fan, c, EPOLLIN | EPOLLOUT);
    }
    if (c->out.len + n > BACKLOG_MAX) {
        fputs("rawfan: a reader is too slow, closed\n", stderr);
        conn_kill(fan, c);
        return;
    }
    bytes_add(&c->out, (const uint8_t *)p + sent, n - (size_t)sent);
}

static void conn_flush(struct fan *fan, struct conn *c)
{
    ssize_t sent = send(c->fd, c->out.p, c->out.len, MSG_NOSIGNAL);

    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR)
            conn_kill(fan, c);
        return;
    }
    bytes_drop(&c->out, (size_t)sent);
    if (!c->out.len)
        conn_want(fan, c, EPOLLIN);
}

/* ---- rooms ---- */

static struct room *room_get(struct fan *fan, const char *name, size_t n)
{
    uint32_t h = 2166136261u;
    struct room **at, *r;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    for (at = &fan->rooms[h % BUCKETS]; (r = *at); at = &r->next)
        if (!memcmp(r->name, name, n) && !r->name[n])
            return r;
    r = *at = grown(NULL, sizeof *r);
    memset(r, 0, sizeof *r);
    memcpy(r->name, name, n);
    return r;
}

static void room_join(struct room *r, struct conn *c)
{
    if (r->n == r->size) {
        r->size = r->size ? 2 * r->size : 8;
        r->member = grown(r->member, r->size * sizeof(struct conn *));
    }
    c->at = r->n;
    c->room = r;
    r->member[r->n++] = c;
}

static void room_post(struct fan *fan, struct room *r, const uint8_t *text, size_t n)
{
    uint8_t head[4] = { 0x81, (uint8_t)n };

    if (n >= 126) {
        head[1] = 126;
        head[2] = (uint8_t)(n >> 8);
        head[3] = (uint8_t)n;
    }
    bytes_add(&r->turn, head, n < 126 ? 2 : 4);
    bytes_add(&r->turn, text, n);
    if (!r->dirty) {
        r->dirty = true;
        r->next_dirty = fan->dirty;
        fan->dirty = r;
    }
}

static void room_flush(struct fan *fan, struct room *r)
{
    r->dirty = false;
    for (uint32_t i = 0; i < r->n;) {
        struct conn *c = r->member[i];

        conn_send(fan, c, r->turn.p, r->turn.len);
        if (!c->dead) /* else the last member took its place */
            i++;
    }
    r->turn.len = 0;
}

/* ---- connections: input ---- */

/* Answers the handshake at b; returns its bytes, 0 while it is not whole, -1 when it is none of wsload's. */
static ssize_t conn_upgrade(struct fan *fan, struct conn *c, const uint8_t *b, size_t n)
{
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                 "Connection: Upgrade\r\nSec-WebSocket-Accept: " LOAD_WS_ACCEPT "\r\n\r\n";
    const uint8_t *end = memmem(b, n, "\r\n\r\n", 4);
    const char *path = (const char *)b + 4;
    const char *path_end;

    if (!end)
        return n > HEAD_MAX ? -1 : 0;
    if (memcmp(b, "GET ", 4) || !memmem(b, (size_t)(end - b), LOAD_WS_KEY, sizeof LOAD_WS_KEY - 1))
        return -1;
    path_end = memchr(path, ' ', (size_t)((const char *)end - path));
    if (!path_end || path_end - path >= ROOM_NAME_SIZE)
        return -1;
    conn_send(fan, c, answer, sizeof answer - 1);
    if (c->dead)
        return -1;
    room_join(room_get(fan, path, (size_t)(path_end - path)), c);
    return end + 4 - b;
}

static void unmask(uint8_t *p, size_t n, const uint8_t mask[4])
{
    uint64_t word, both;
    size_t i = 0;

    memcpy(&both, mask, 4);
    memcpy((uint8_t *)&both + 4, mask, 4);
    for (; i + 8 <= n; i += 8) {
        memcpy(&word, p + i, 8);
        word ^= both;
        memcpy(p + i, &word, 8);
    }
    for (; i < n; i++)
        p[i] ^= mask[i & 3];
}

/* Posts the whole text frames at b; returns their bytes, or -1 at anything else (a close frame too). */
static ssize_t conn_frames(struct fan *fan, struct conn *c, uint8_t *b, size_t n)
{
    size_t done = 0;

    while (n - done >= 6) {
        uint8_t *f = b + done;
        size_t len = f[1] & 127, head = 6;

        if (f[0] != 0x81 || !(f[1] & 0x80) || len == 127)
            return -1;
        if (len == 126) {
            len = (size_t)f[2] << 8 | f[3];
            head = 8;
        }
        if (n - done < head + len)
            break;
        unmask(f + head, len, f + head - 4);
        room_post(fan, c->room, f + head, len);
        done += head + len;
    }
    return (ssize_t)done;
}

static void conn_read(struct fan *fan, struct conn *c)
{
    size_t n = c->in.len;
    ssize_t used = 0, more;

    if (n)
        memcpy(fan->read, c->in.p, n);
    more = recv(c->fd, fan->read + n, READ_SIZE - FRAME_MAX, 0);
    if (more < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (more <= 0) {
        conn_kill(fan, c);
        return;
    }
    n += (size_t)more;
    if (!c->room)
        used = conn_upgrade(fan, c, fan->read, n);
    more = used < 0 ? -1 : 0;
    if (c->room)
        more = conn_frames(fan, c, fan->read + used, n - (size_t)used);
    if (more < 0) {
        conn_kill(fan, c);
        return;
    }
    used += more;
    if (c->in.len || n > (size_t)used) {
        c->in.len = 0;
        bytes_add(&c->in, fan->read + used, n - (size_t)used);
        bytes_drop(&c->in, 0);
    }
}

static void accept_some(struct fan *fan)
{
    int one = 1;

    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct epoll_event ev = { .events = EPOLLIN };
        int fd = accept4(fan->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
                   sizeof one); /* a unix socket says no, and needs none */
        ev.data.ptr = memset(grown(NULL, sizeof(struct conn)), 0, sizeof(struct conn));
        ((struct conn *)ev.data.ptr)->fd = fd;
        epoll_ctl(fan->epoll, EPOLL_CTL_ADD, fd, &ev);
    }
}

/* ---- the loop ---- */

static void turn_end(struct fan *fan)
{
    struct room *r;
    struct conn *c;

    while ((r = fan->dirty)) {
        fan->dirty = r->next_dirty;
        room_flush(fan, r);
    }
    while ((c = fan->dead)) {
        fan->dead = c->next_dead;
        free(c->in.p);
        free(c->out.p);
        free(c);
    }
}

static void turn(struct fan *fan)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(fan->epoll, events, EVENTS, -1);

    for (int i = 0; i < n; i++) {
        struct conn *c = events[i].data.ptr;

        if (!c) {
            accept_some(fan);
            continue;
        }
        if (!c->dead && (events[i].events & EPOLLOUT) && c->out.len)
            conn_flush(fan, c);
        if (!c->dead && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
            conn_read(fan, c);
    }
    turn_end(fan);
}

static int listen_tcp(const char *port_text)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    char *end;
    unsigned long port = strtoul(port_text, &end, 10);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

    if (*end || port < 1 || port > 65535) {
        errno = EINVAL;
        return -1;
    }
    sa.sin_port = htons((uint16_t)port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    return bind(fd, (struct sockaddr *)&sa, sizeof sa) || listen(fd, 4096) ? -1 : fd;
}

static int listen_unix(const char *path)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof sa.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(sa.sun_path, path, strlen(path));
    unlink(path);
    return bind(fd, (struct sockaddr *)&sa, sizeof sa) || listen(fd, 4096) ? -1 : fd;
}

int main(int argc, char **argv)
{
    static struct fan fan;
    struct epoll_event ev = { .events = EPOLLIN }; /* data.ptr NULL: the listener */
    struct rlimit files;

    if (argc != 3 || (strcmp(argv[1], "-p") && strcmp(argv[1], "-u"))) {
        fputs("usage: rawfan -p PORT (of 127.0.0.1) | -u PATH (a unix socket)\n", stderr);
        return 2;
    }
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    fan.epoll = epoll_create1(EPOLL_CLOEXEC);
    fan.listener = argv[1][1] == 'p' ? listen_tcp(argv[2]) : listen_unix(argv[2]);
    if (fan.epoll < 0 || fan.listener < 0 || epoll_ctl(fan.epoll, EPOLL_CTL_ADD, fan.listener, &ev)) {
        perror("rawfan");
        return 1;
    }
    for (;;)
        turn(&fan);
}
