/* SPDX-License-Identifier: MIT
 * The head of a WebSocket handshake (RFC 6455 section 4.2.1, RFC 9112): bytes in, fields out. No socket, no
 * room.
 */
#ifndef RELAY_HEAD_H
#define RELAY_HEAD_H

#include "common/str.h"

enum { HEAD_MAX = 16384 };

/* Texts point into the bytes that were read; absent ones have p == NULL. */
struct head {
    struct str method, target;
    struct str host, origin, fetch_site, key, version, protocol, authorization, forwarded_for;
    bool old;       /* HTTP/1.0 */
    bool upgrade;   /* Upgrade names websocket and Connection names upgrade */
    bool repeated;  /* one of those that may stand there only once stands there twice */
    bool origins;   /* Origin does */
    bool protocols; /* Sec-WebSocket-Protocol does */
};

/* Where the head ends (behind its empty line); 0: not yet; SIZE_MAX: this will never be one (a bare LF or CR,
 * a NUL). Looks at what comes from *scanned on, and moves it. */
size_t head_end(struct str bytes, size_t *scanned);

/* bytes: exactly the head. False: no head of an HTTP request. */
bool head_read(struct head *head, struct str bytes);

/* The handshake is good apart from its version's number: GET by HTTP/1.1, upgrade, a key of 24 base64
 * characters, a version. */
bool head_is_handshake(const struct head *head);

/* Characters that a token may have: those that can be echoed into a header. */
bool head_token_shaped(struct str s);

/* "Bearer x" gives x; absent where it is anything else. */
struct str head_bearer(struct str authorization);

#endif
