/* SPDX-License-Identifier: MIT
 * A request as the web server hands it over by FastCGI, and the bytes of its answer. Knows nothing of rooms
 * or paths.
 */
#ifndef FCGI_REQUEST_H
#define FCGI_REQUEST_H

#include "common/str.h"

enum {
    REQUEST_HEAD_MAX = 16384, /* bytes of the target and all header lines (431) */
    REQUEST_TIMEOUT_S = 30    /* how long the web server may be silent inside a request */
};

enum body_state {
    BODY_WHOLE,
    BODY_TOO_LARGE, /* announced or come; not read to its end */
    BODY_BROKEN     /* cut off on the way: nothing may be done for it */
};

/* Absent parts have p == NULL. The texts live until the wire's next use. */
struct request {
    struct str method, target, accept, authorization;
    struct str origin, host, fetch_site, requested_with;
    struct str remote, forwarded; /* REMOTE_ADDR, X-Forwarded-For */
    bool head_too_large;
    enum body_state body_state;
    struct str body;
};

/* The connection to the web server. One thread's, used again and again. */
struct wire;

/* Once, before any thread begins. */
bool wire_start(void);

struct wire *wire_new(void); /* NULL: no memory */
void wire_free(struct wire *wire);

/* Takes the accepted connection fd and reads a request from it. False: none came; the connection is closed
 * then. */
bool wire_read(struct wire *wire, int fd, int64_t body_max, struct request *q);
bool wire_write(struct wire *wire, struct str bytes);
/* Ends the request and its connection. */
void wire_end(struct wire *wire);

#endif
