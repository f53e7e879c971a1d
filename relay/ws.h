/* SPDX-License-Identifier: MIT
 * WebSockets by libwebsockets, which only this file's .c sees: it takes over sockets whose head the accept
 * stage has read, speaks RFC 6455 with them, and gives whole texts to their connections.
 */
#ifndef RELAY_WS_H
#define RELAY_WS_H

#include <uv.h>

#include "relay/conn.h"

struct ws;

struct ws_options {
    int64_t ping_ms, hangup_ms; /* of silence */
    size_t frame_max;           /* bytes of a client's message: beyond, 1009 */
};

/* NULL: libwebsockets cannot start (its libuv plug-in is not installed, say); it is logged why. */
struct ws *ws_new(uv_loop_t *loop, const struct ws_options *options);
/* All sockets are closed, and what libwebsockets has on the loop: both are done when uv_run() returns. */
void ws_stop(struct ws *ws);
/* After that. */
void ws_free(struct ws *ws);

/* A socket that has passed: answers the handshake and opens the connection in the room. Takes fd, whatever
 * comes. protocol: echoed as Sec-WebSocket-Protocol, absent: none. rest: what came behind the head. False:
 * not opened, the connection is still the caller's. */
struct ws_handshake {
    int fd;
    struct str key, protocol, rest;
};
bool ws_open(struct ws *ws, const struct ws_handshake *hs, struct conn *c, struct hub_room *room);

/* The parts of the world that have to do with sockets. */
void ws_world(struct world *world);

#endif
