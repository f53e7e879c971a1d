/* SPDX-License-Identifier: MIT
 * Answers: the only place that writes HTTP. A handler fills in status and body; the rest is the same for all.
 */
#ifndef FCGI_RESPONSE_H
#define FCGI_RESPONSE_H

#include "common/error.h"

struct response {
    int status;
    struct buf lines; /* of the head, besides those that every answer has */
    struct buf body;
    const char *type; /* of the body */
    bool private;     /* holds a token: nobody may keep it */
    struct str allow; /* Access-Control-Allow-Origin, borrowed from the request; p == NULL: none */
    char id[17];      /* X-Request-Id */
};

/* Makes it an empty 200 with an id of its own. The first time it must be all zero. */
void response_begin(struct response *res);
void response_free(struct response *res);

/* value: no line ends in it. */
void response_line(struct response *res, const char *name, struct str value);

/* Replaces whatever was composed. wait_ms: for Retry-After, where the status has one; 0 is a second. */
void response_error(struct response *res, enum err e, struct str field, int64_t wait_ms);

/* The whole answer; head_only: to HEAD. False: no memory; out then holds a bare 500, or nothing. */
bool response_write(struct buf *out, const struct response *res, bool head_only);

#endif
