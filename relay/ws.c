/* SPDX-License-Identifier: MIT
 * libwebsockets 4.1.6; see ws.h. It never sees the client's own head: its upgrade drops a
 * Sec-WebSocket-Protocol over 126 bytes, which every token is. It gets a head of ours instead, and adds the
 * protocol where it asks for headers. Callbacks translate and call; they hold no chat logic.
 */
#include "relay/ws.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "common/fold.h"
#include "common/logline.h"
#include "relay/deliver.h"

enum {
    RX_SIZE = 512,          /* of each socket, for good: what it receives comes in such pieces */
    SERV_BUF = 8192,        /* must hold an answer's head with the longest token */
    SEND_CHUNK = 64 * 1024, /* one send(2): larger ones are slower */
    SNDBUF = 128 * 1024,    /* asked of the kernel for each socket */
    CLOSE_WAIT_S = 5,       /* for the other side's close; deliver.c is faster */
    TX_PACKET = 1 << 20     /* lws_write() cuts what is longer */
};

/* Of each socket. */
struct session {
    struct conn *conn;
    struct buf part; /* of a message that came in pieces */
};

struct ws {
    struct lws_context *context; /* lws makes it NULL once it is freed */
    struct lws_vhost *vhost;
    struct lws_protocols protocols[2];
    lws_retry_bo_t alive;
    size_t frame_max;
    /* The handshake under way: lws does all of it inside the call that adopts the socket. */
    const struct ws_handshake *opening;
    struct conn *conn;
    struct hub_room *room;
};

/* lws says "calling service" on its error level for every adoption. */
static void on_log(int level, const char *line)
{
    if (level == LLL_ERR && !strstr(line, "calling service"))
        log_warn("libwebsockets: %s", line);
}

static struct ws *ws_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

static int add_protocol(struct lws *wsi, struct lws_process_html_args *args)
{
    static const unsigned char name[] = "sec-websocket-protocol:";
    const struct ws_handshake *hs = ws_of(wsi)->opening;
    unsigned char *at = (unsigned char *)args->p;
    int rc;

    if (!hs || !hs->protocol.p)
        return 0;
    rc = lws_add_http_header_by_name(wsi, name, (const unsigned char *)hs->protocol.p, (int)hs->protocol.n,
                                     &at, at + args->max_len);
    args->p = (char *)at;
    return rc;
}

static void tune(int fd)
{
    int one = 1, size = SNDBUF;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
               sizeof one); /* refused on a unix socket, which needs it not */
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

static int on_open(struct lws *wsi, struct session *s)
{
    struct ws *ws = ws_of(wsi);

    tune(lws_get_socket_fd(wsi));
    if (!ws->conn || !conn_open(ws->conn, ws->room, wsi))
        return -1;
    *s = (struct session){ .conn = ws->conn };
    ws->conn = NULL;
    return 0;
}

/* A piece of a message, of any size, also of none. */
static int on_receive(struct lws *wsi, struct session *s, struct str piece)
{
    size_t left = lws_remaining_packet_payload(wsi);
    bool whole = lws_is_final_fragment(wsi) && !left;

    if (s->conn->closing)
        return 0;
    if (lws_frame_is_binary(wsi)) {
        conn_close_later(s->conn, CLOSE_BINARY);
    } else if (s->part.len + piece.n + left > ws_of(wsi)->frame_max) {
        conn_close_later(s->conn, CLOSE_TOO_BIG);
    } else if (whole && !s->part.len) {
        conn_text(s->conn, piece);
    } else {
        buf_str(&s->part, piece);
        if (!buf_ok(&s->part))
            conn_close_later(s->conn, CLOSE_TOO_SLOW);
        else if (whole)
            conn_text(s->conn, buf_all(&s->part));
    }
    if (whole || s->conn->closing)
        buf_free(&s->part);
    return 0;
}

/* A code that may be sent (RFC 6455 section 7.4), and a reason in UTF-8. */
static bool is_close(struct str payload)
{
    const uint8_t *p = (const uint8_t *)payload.p;
    unsigned code = payload.n >= 2 ? (unsigned)(p[0] << 8 | p[1]) : 1000;

    return payload.n != 1 && code >= 1000 && code < 5000 &&
           (payload.n <= 2 || fold_utf8((struct str){ payload.p + 2, payload.n - 2 }));
}

/* lws answers a good one with the same and closes. It would send a bad one back as well. */
static int on_peer_close(struct lws *wsi, struct session *s, struct str payload)
{
    unsigned char frame[] = { 0x88, 2, CLOSE_PROTOCOL >> 8, CLOSE_PROTOCOL & 255 };

    if (s->conn->said_close) /* it answers ours: lws would answer that again */
        return -1;
    conn_hushed(s->conn);
    if (is_close(payload))
        return 0;
    lws_write(wsi, frame, sizeof frame, LWS_WRITE_RAW);
    return -1;
}

/* lws is about to end a socket. It says why to most, but nothing after some frames against RFC 6455 (a control frame over
 * 125 bytes, a reason that is not UTF-8, a length over 2^63). */
static void on_ending(struct lws *wsi, struct session *s)
{
    if (!s->conn || s->conn->closing)
        return;
    if (!lws_get_close_length(wsi))
        lws_close_reason(wsi, LWS_CLOSE_STATUS_PROTOCOL_ERR, NULL, 0);
    conn_hushed(s->conn); /* lws says it: nothing of ours may come behind */
}

static void on_closed(struct session *s)
{
    buf_free(&s->part);
    if (s->conn)
        conn_closed(s->conn);
    s->conn = NULL;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in, size_t len)
{
    struct session *s = user;

    switch (why) {
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return ws_of(wsi)->opening ? 0 : -1;
    case LWS_CALLBACK_ADD_HEADERS:
        return add_protocol(wsi, in);
    case LWS_CALLBACK_ESTABLISHED:
        return on_open(wsi, s);
    case LWS_CALLBACK_RECEIVE:
        return on_receive(wsi, s, (struct str){ in ? in : "", len });
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return on_peer_close(wsi, s, (struct str){ in ? in : "", len });
    case LWS_CALLBACK_SERVER_WRITEABLE:
        if (s->conn)
            deliver_ready(s->conn);
        return 0;
    case LWS_CALLBACK_CLOSED:
        on_closed(s);
        return 0;
    case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
        on_ending(wsi, s);
        return 0;
    default:
        return 0;
    }
}

struct ws *ws_new(uv_loop_t *loop, const struct ws_options *options)
{
    struct ws *ws = calloc(1, sizeof *ws);
    void *loops[] = { loop };
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options =
            LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_VALIDATE_UTF8,
        .foreign_loops = loops,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .pt_serv_buf_size = SERV_BUF,
        .user = ws,
        .pcontext = ws ? &ws->context : NULL,
    };

    if (!ws)
        return NULL;
    ws->frame_max = options->frame_max;
    ws->protocols[0] = (struct lws_protocols){ .name = "",
                                               .callback = on_event,
                                               .per_session_data_size = sizeof(struct session),
                                               .rx_buffer_size = RX_SIZE,
                                               .tx_packet_size = TX_PACKET };
    ws->alive.secs_since_valid_ping = (uint16_t)(options->ping_ms / 1000);
    ws->alive.secs_since_valid_hangup = (uint16_t)(options->hangup_ms / 1000);
    info.retry_and_idle_policy = &ws->alive;
    lws_set_log_level(LLL_ERR, on_log);
    ws->context = lws_create_context(&info);
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.vhost_name = "globes";
    info.protocols = ws->protocols;
    if (ws->context)
        ws->vhost = lws_create_vhost(ws->context, &info);
    if (ws->vhost)
        return ws;
    ws_stop(ws);
    uv_run(loop, UV_RUN_NOWAIT);
    ws_free(ws);
    return NULL;
}

void ws_stop(struct ws *ws)
{
    if (ws && ws->context)
        lws_context_destroy(ws->context);
}

/* With a loop that is not its own, lws frees its context only when it is told so a second time. */
void ws_free(struct ws *ws)
{
    ws_stop(ws);
    free(ws);
}

bool ws_open(struct ws *ws, const struct ws_handshake *hs, struct conn *c, struct hub_room *room)
{
    struct buf head = { 0 };
    bool open = false;

    buf_text(&head, "GET / HTTP/1.1\r\nHost: globes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
    buf_str(&head, hs->key);
    buf_text(&head, "\r\n\r\n");
    buf_str(&head, hs->rest);
    if (!buf_ok(&head)) {
        close(hs->fd);
    } else {
        ws->opening = hs;
        ws->conn = c;
        ws->room = room;
        lws_adopt_socket_vhost_readbuf(ws->vhost, hs->fd, head.data, head.len);
        open = !ws->conn;
        ws->opening = NULL;
        ws->conn = NULL;
    }
    buf_free(&head);
    return open;
}

/* ---- the world's sockets ---- */

static ssize_t world_send(void *socket, const uint8_t *p, size_t n)
{
    int fd = lws_get_socket_fd(socket);
    size_t done = 0;

    if (lws_partial_buffered(socket))
        return 0;
    while (done < n) {
        size_t want = n - done < SEND_CHUNK ? n - done : SEND_CHUNK;
        ssize_t k = send(fd, p + done, want, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (k < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        done += k > 0 ? (size_t)k : 0;
        if (k != (ssize_t)want)
            break;
    }
    return (ssize_t)done;
}

static bool world_finish(void *socket, const uint8_t *p, size_t n)
{
    /* In this mode lws only reads what it is given, whatever its prototype says. */
    return lws_write(socket, (unsigned char *)(uintptr_t)p, n, LWS_WRITE_RAW) >= 0;
}

static void world_want(void *socket)
{
    lws_callback_on_writable(socket);
}

static void world_read(void *socket, bool on)
{
    lws_rx_flow_control(socket, on);
}

/* lws waits for the other side's close, and longer for what is unsent than anybody should: world_cut() comes first. */
static void world_hang_up(void *socket)
{
    lws_set_timeout(socket, PENDING_TIMEOUT_USER_OK, CLOSE_WAIT_S);
}

static void world_cut(void *socket)
{
    shutdown(lws_get_socket_fd(socket), SHUT_RDWR);
}

void ws_world(struct world *world)
{
    world->send = world_send;
    world->finish = world_finish;
    world->want = world_want;
    world->read = world_read;
    world->hang_up = world_hang_up;
    world->cut = world_cut;
}
