/* SPDX-License-Identifier: MIT
 * The errors a client can be told, by name; error.def is their only list.
 */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

#include "common/buf.h"

#define ERR(name, code, http, text, when) ERR_##name,
enum err {
    ERR_OK,
#include "common/error.def"
    ERR_COUNT
};
#undef ERR

struct error_info {
    const char *name; /* "ROOM_NOT_FOUND" */
    int code;         /* what the JSON says */
    int http;         /* the status it comes with */
    const char *text; /* what the JSON says in words */
};

/* Static; of ERR_OK: all zero and empty texts. */
const struct error_info *error_info(enum err e);

/* What HTTP calls a status ("Not Found"); for those that our answers have. */
const char *error_status_text(int http);

/* {"status":false,"error":{"code":…,"error":"…","field":"…"}}; without field where field.p is NULL. field must be
 * UTF-8. */
void error_json(struct buf *out, enum err e, struct str field);

/* Retry-After for a wait of so many milliseconds: whole seconds, no fewer than it takes, at least one. */
int64_t error_retry_s(int64_t wait_ms);

#endif
