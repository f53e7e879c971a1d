/* SPDX-License-Identifier: MIT
 * Request paths and queries: the target is what a client sent, whatever its bytes are. Each "%" is decoded
 * once and only behind the split, so "%2F" is a character of a title and "%252F" is "%2F". No I/O. Called by
 * both front ends.
 */
#include "common/path.h"

#include "common/fold.h"

/* Takes one byte of *s, which is not empty, decoded; plus is what "+" stands for. -1 for a bad escape and for
 * NUL, however it is written. */
static int next_byte(struct str *s, char plus)
{
    uint8_t c = (uint8_t)*s->p;
    size_t taken = 1;

    if (c == '%') {
        taken = 3;
        if (s->n < taken || !str_from_hex((struct str){ s->p + 1, 2 }, &c, 1))
            return -1;
    } else if (c == '+') {
        c = (uint8_t)plus;
    }
    s->p += taken;
    s->n -= taken;
    return c ? c : -1;
}

/* Decodes into `size` bytes. False too when they are too few, or when it is not UTF-8. */
static bool decode(struct str s, char plus, char *to, size_t size, struct str *decoded)
{
    *decoded = (struct str){ to, 0 };
    while (s.n) {
        int c = decoded->n < size ? next_byte(&s, plus) : -1;

        if (c < 0)
            return false;
        to[decoded->n++] = (char)c;
    }
    return fold_utf8(*decoded);
}

/* ---- paths ---- */

/* Of an absolute-form target what stands behind the authority; of any other the target itself. */
static struct str without_authority(struct str target)
{
    static const char *const schemes[] = { "http://", "https://" };

    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(schemes[i]);

        if (target.n < n || !str_is_nocase((struct str){ target.p, n }, schemes[i]))
            continue;
        while (n < target.n && target.p[n] != '/' && target.p[n] != '?')
            n++;
        return (struct str){ target.p + n, target.n - n };
    }
    return target;
}

/* Takes the base off; false when the path is not below it. What is left begins with "/" or is empty. */
static bool take_base(struct str *path, const char *base)
{
    size_t n = strlen(base);

    if (n && base[n - 1] == '/')
        n--;
    if (path->n < n || memcmp(path->p, base, n))
        return false;
    path->p += n;
    path->n -= n;
    return !path->n || path->p[0] == '/';
}

static bool add_segment(struct path *path, struct str raw, size_t *used)
{
    size_t left = PATH_MAX_BYTES - *used;
    struct str *segment = &path->segment[path->n];

    if (path->n == PATH_SEGMENTS_MAX)
        return false;
    if (!decode(raw, '+', path->text + *used, left < PATH_SEGMENT_MAX ? left : PATH_SEGMENT_MAX, segment))
        return false;
    if (!segment->n || str_is(*segment, ".") || str_is(*segment, ".."))
        return false;
    *used += segment->n;
    path->n++;
    return true;
}

const char *path_base(const char *base_path)
{
    return strcmp(base_path, "/") ? base_path : "";
}

bool path_read(struct path *path, struct str target, const char *base)
{
    struct str rest = without_authority(target), raw, part;
    bool authority = rest.p != target.p;
    size_t used = 0;

    path->n = 0;
    if (!str_next(&rest, '?', &raw))
        return false;
    path->query = rest;
    if (authority && !raw.n) /* "http://host" */
        raw = STR("/");
    if (!str_begins(raw, "/") || !take_base(&raw, base))
        return false;
    if (raw.n < 2) /* the base itself, with or without its "/" */
        return true;
    raw.p++;
    raw.n--;
    while (str_next(&raw, '/', &part))
        if (!add_segment(path, part, &used))
            return false;
    return true;
}

/* ---- whole texts ---- */

static bool append_decoded(struct buf *out, struct str s, char plus)
{
    char *to = buf_room(out, s.n);
    struct str decoded;
    bool good;

    if (!to)
        return false;
    good = decode(s, plus, to, s.n, &decoded);
    if (good)
        out->len += decoded.n;
    out->data[out->len] = '\0';
    return good;
}

bool path_decode(struct buf *out, struct str s)
{
    return append_decoded(out, s, '+');
}

static bool unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("-._~", c));
}

void path_encode(struct buf *out, struct str s)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];

        if (unreserved(s.p[i]))
            buf_char(out, s.p[i]);
        else
            buf_bytes(out, (char[]){ '%', digits[c >> 4], digits[c & 15] }, 3);
    }
}

/* ---- queries ---- */

static bool names(struct str raw, const char *name)
{
    for (; raw.n && *name; name++)
        if (next_byte(&raw, ' ') != (uint8_t)*name)
            return false;
    return !raw.n && !*name;
}

bool path_query(struct str query, const char *name, struct buf *out)
{
    struct str member, raw;

    while (str_next(&query, '&', &member))
        if (str_next(&member, '=', &raw) && names(raw, name))
            return append_decoded(out, member, ' ');
    return false;
}
