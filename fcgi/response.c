/* SPDX-License-Identifier: MIT
 * Composing answers (response.h), in the form that CGI and FastCGI share: a Status line, header lines, the
 * body.
 */
#include "fcgi/response.h"

#include <inttypes.h>

#include "common/key.h"

#define TYPE_JSON "application/json"

void response_begin(struct response *res)
{
    uint64_t id;

    res->status = 200;
    res->private = false;
    res->type = TYPE_JSON;
    res->allow = (struct str){ 0 };
    buf_clear(&res->lines);
    buf_clear(&res->body);
    key_random(&id, sizeof id);
    snprintf(res->id, sizeof res->id, "%016" PRIx64, id);
}

void response_free(struct response *res)
{
    buf_free(&res->lines);
    buf_free(&res->body);
}

void response_line(struct response *res, const char *name, struct str value)
{
    buf_text(&res->lines, name);
    buf_text(&res->lines, ": ");
    buf_str(&res->lines, value);
    buf_text(&res->lines, "\r\n");
}

static void put_wait(struct response *res, int64_t wait_ms)
{
    buf_text(&res->lines, "Retry-After: ");
    buf_i64(&res->lines, error_retry_s(wait_ms));
    buf_text(&res->lines, "\r\n");
}

void response_error(struct response *res, enum err e, struct str field, int64_t wait_ms)
{
    res->status = error_info(e)->http;
    buf_clear(&res->lines);
    buf_clear(&res->body);
    error_json(&res->body, e, field);
    res->type = TYPE_JSON;
    if (res->status == 503 || res->status == 429)
        put_wait(res, wait_ms);
    res->private = true;
}

static void write_head(struct buf *out, const struct response *res)
{
    buf_format(out, "Status: %d %s\r\n", res->status, error_status_text(res->status));
    if (res->body.len)
        buf_format(out, "Content-Type: %s\r\n", res->type);
    if (res->status != 204)
        buf_format(out, "Content-Length: %zu\r\n", res->body.len);
    buf_format(out, "X-Request-Id: %s\r\n", res->id);
    buf_text(out, "X-Content-Type-Options: nosniff\r\n"
                  "Vary: Origin, Accept, Authorization\r\n");
    if (res->private)
        buf_text(out, "Cache-Control: no-store\r\n");
    else if (strcmp(res->type, TYPE_JSON) != 0) /* pages: browsers would keep them for as long as they like */
        buf_text(out, "Cache-Control: no-cache\r\n");
    if (res->allow.p) {
        buf_text(out, "Access-Control-Allow-Origin: ");
        buf_str(out, res->allow);
        buf_text(out, "\r\nAccess-Control-Expose-Headers: X-Request-Id, Retry-After\r\n");
    }
    buf_str(out, buf_all(&res->lines));
    buf_text(out, "\r\n");
}

bool response_write(struct buf *out, const struct response *res, bool head_only)
{
    struct response bare = { .status = 500, .private = true, .type = TYPE_JSON };
    bool whole = buf_ok(&res->lines) && buf_ok(&res->body);

    buf_clear(out);
    if (whole) {
        write_head(out, res);
        if (!head_only)
            buf_str(out, buf_all(&res->body));
    }
    if (whole && buf_ok(out))
        return true;
    memcpy(bare.id, res->id, sizeof bare.id);
    bare.allow = res->allow;
    buf_clear(out);
    write_head(out, &bare);
    return false;
}
