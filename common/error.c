/* SPDX-License-Identifier: MIT
 * The table of errors and its JSON. Rows are in error.def alone. Called by whoever answers a client.
 */
#include "common/error.h"

#include <assert.h>

#define ERR(name, code, http, text, when) { #name, code, http, text },
static const struct error_info table[ERR_COUNT] = {
    { "", 0, 0, "" },
#include "common/error.def"
};
#undef ERR

const struct error_info *error_info(enum err e)
{
    assert(e < ERR_COUNT);
    return &table[e];
}

void error_json(struct buf *out, enum err e, struct str field)
{
    const struct error_info *info = error_info(e);

    buf_text(out, "{\"status\":false,\"error\":{\"code\":");
    buf_i64(out, info->code);
    buf_text(out, ",\"error\":");
    buf_json(out, str_of(info->text));
    if (field.p) {
        buf_text(out, ",\"field\":");
        buf_json(out, field);
    }
    buf_text(out, "}}");
}

const char *error_status_text(int http)
{
    switch (http) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 303:
        return "See Other";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Content Too Large";
    case 426:
        return "Upgrade Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

int64_t error_retry_s(int64_t wait_ms)
{
    return wait_ms > 1000 ? wait_ms / 1000 + (wait_ms % 1000 != 0) : 1;
}
