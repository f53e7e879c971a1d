/* SPDX-License-Identifier: MIT
 * Reading requests from the web server (request.h), the only file that sees libfcgi.
 *
 * The library would accept connections itself, in one call with reading the request: a signal meant to end a
 * waiting accept(2) could then hit the read behind it, which does not survive EINTR. So threads.c accepts,
 * and the library gets each connection as one that was kept open.
 */
#include "fcgi/request.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "common/buf.h"

enum { READ_STEP = 4096, NO_LISTENING_SOCKET = -1 };

struct wire {
    FCGX_Request fcgx;
    struct buf body;
};

bool wire_start(void)
{
    if (FCGX_Init())
        return false;
    /* After FCGX_Init(), which sets a handler of its own. */
    return signal(SIGPIPE, SIG_IGN) != SIG_ERR;
}

struct wire *wire_new(void)
{
    struct wire *wire = calloc(1, sizeof *wire);

    if (wire)
        FCGX_InitRequest(&wire->fcgx, NO_LISTENING_SOCKET, 0);
    return wire;
}

void wire_free(struct wire *wire)
{
    if (!wire)
        return;
    buf_free(&wire->body);
    free(wire);
}

static struct str param(const struct wire *wire, const char *name)
{
    return str_of(FCGX_GetParam(name, wire->fcgx.envp));
}

/* Absent too where it is there twice: web servers make the same name of X_Forwarded_For, which any client may write
 * beside what a proxy has written. */
static struct str only_param(const struct wire *wire, const char *name)
{
    struct str value = { 0 };
    size_t n = strlen(name);

    for (char **p = wire->fcgx.envp; *p; p++) {
        if (strncmp(*p, name, n) != 0 || (*p)[n] != '=')
            continue;
        if (value.p)
            return (struct str){ 0 };
        value = str_of(*p + n + 1);
    }
    return value;
}

static bool head_too_large(const struct wire *wire)
{
    size_t sum = 0;

    for (char **p = wire->fcgx.envp; *p && sum <= REQUEST_HEAD_MAX; p++)
        if (str_begins(str_of(*p), "HTTP_") || str_begins(str_of(*p), "REQUEST_URI="))
            sum += strlen(*p);
    return sum > REQUEST_HEAD_MAX;
}

/* What comes counts, not what was announced; but a body shorter than announced was cut off somewhere. */
static enum body_state read_body(struct wire *wire, uint64_t most)
{
    FCGX_Stream *in = wire->fcgx.in;
    uint64_t announced = 0;
    char *room;
    int n;

    if (str_to_u64(param(wire, "CONTENT_LENGTH"), &announced) && announced > most)
        return BODY_TOO_LARGE;
    do {
        room = buf_room(&wire->body, READ_STEP);
        if (!room)
            return BODY_BROKEN;
        n = FCGX_GetStr(room, READ_STEP, in);
        if (n > 0)
            wire->body.len += (size_t)n;
        if (wire->body.len > most)
            return BODY_TOO_LARGE;
    } while (n == READ_STEP);
    return FCGX_GetError(in) || wire->body.len < announced ? BODY_BROKEN : BODY_WHOLE;
}

static bool take_connection(struct wire *wire, int fd)
{
    struct timeval limit = { .tv_sec = REQUEST_TIMEOUT_S };

    /* The library has no time limits of its own. */
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    FCGX_InitRequest(&wire->fcgx, NO_LISTENING_SOCKET, 0);
    wire->fcgx.ipcFd = fd;
    wire->fcgx.keepConnection = 1;
    return FCGX_Accept_r(&wire->fcgx) == 0;
}

bool wire_read(struct wire *wire, int fd, int64_t body_max, struct request *q)
{
    if (!take_connection(wire, fd))
        return false;
    buf_clear(&wire->body);
    *q = (struct request){
        .method = param(wire, "REQUEST_METHOD"),
        .target = param(wire, "REQUEST_URI"),
        .accept = param(wire, "HTTP_ACCEPT"),
        .authorization = param(wire, "HTTP_AUTHORIZATION"),
        .origin = param(wire, "HTTP_ORIGIN"),
        .host = param(wire, "HTTP_HOST"),
        .fetch_site = param(wire, "HTTP_SEC_FETCH_SITE"),
        .requested_with = param(wire, "HTTP_X_REQUESTED_WITH"),
        .remote = param(wire, "REMOTE_ADDR"),
        .forwarded = only_param(wire, "HTTP_X_FORWARDED_FOR"),
        .head_too_large = head_too_large(wire),
    };
    q->body_state = read_body(wire, (uint64_t)body_max);
    q->body = buf_all(&wire->body);
    return true;
}

bool wire_write(struct wire *wire, struct str bytes)
{
    return bytes.n <= INT32_MAX && FCGX_PutStr(bytes.p, (int)bytes.n, wire->fcgx.out) == (int)bytes.n;
}

void wire_end(struct wire *wire)
{
    FCGX_Request *r = &wire->fcgx;

    /* A kept connection would hold the thread while others wait. A web server that asked for it gets a plain
     * close instead: the library's, which waits for the other end to close first, would wait for nothing. */
    if (r->keepConnection) {
        r->keepConnection = 0;
        FCGX_Detach(r);
    }
    FCGX_Finish_r(r);
    buf_clear(&wire->body);
}
