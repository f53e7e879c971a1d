/* SPDX-License-Identifier: MIT
 * The growing buffer. On the hot path every message goes through buf_json() and buf_time() once: plain bytes
 * are copied in runs, and neither numbers nor times use printf. Called from everywhere.
 */
#include "common/buf.h"

#include <errno.h>
#include <stdarg.h>

enum { FIRST_SIZE = 128 };

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = '\0';
}

bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

/* Doubles until n more bytes and a NUL fit. */
static bool grow(struct buf *b, size_t n)
{
    size_t size = b->size ? b->size : FIRST_SIZE;
    char *data;

    if (n > PTRDIFF_MAX - b->len - 1)
        return false;
    while (size - b->len <= n)
        size *= 2;
    data = realloc(b->data, size);
    if (!data)
        return false;
    b->data = data;
    b->size = size;
    return true;
}

char *buf_room(struct buf *b, size_t n)
{
    if (b->failed)
        return NULL;
    if (b->size - b->len <= n && !grow(b, n)) {
        b->failed = true;
        return NULL;
    }
    b->data[b->len + n] = '\0';
    return b->data + b->len;
}

void buf_bytes(struct buf *b, const void *p, size_t n)
{
    char *to;

    if (!n || !(to = buf_room(b, n)))
        return;
    memcpy(to, p, n);
    b->len += n;
}

void buf_str(struct buf *b, struct str s)
{
    buf_bytes(b, s.p, s.n);
}

void buf_text(struct buf *b, const char *s)
{
    buf_bytes(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
    buf_bytes(b, &c, 1);
}

void buf_u64(struct buf *b, uint64_t v)
{
    char digits[20], *p = digits + sizeof digits;

    do
        *--p = (char)('0' + v % 10);
    while (v /= 10);
    buf_bytes(b, p, (size_t)(digits + sizeof digits - p));
}

void buf_i64(struct buf *b, int64_t v)
{
    if (v < 0)
        buf_char(b, '-');
    buf_u64(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

static const char hex_digits[16] = "0123456789abcdef";

void buf_hex(struct buf *b, const void *p, size_t n)
{
    const uint8_t *byte = p;
    char *to = n <= PTRDIFF_MAX / 2 ? buf_room(b, 2 * n) : NULL;

    if (!to) {
        b->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        *to++ = hex_digits[byte[i] >> 4];
        *to++ = hex_digits[byte[i] & 15];
    }
    b->len += 2 * n;
}

void buf_hex64(struct buf *b, uint64_t v)
{
    char digits[16];

    for (int i = 15; i >= 0; i--, v >>= 4)
        digits[i] = hex_digits[v & 15];
    buf_bytes(b, digits, sizeof digits);
}

void buf_format(struct buf *b, const char *fmt, ...)
{
    int saved = errno, n; /* fmt may have %m, and growing may change errno */
    va_list args;
    char *to = buf_room(b, FIRST_SIZE);

    if (!to)
        return;
    errno = saved;
    va_start(args, fmt);
    n = vsnprintf(to, FIRST_SIZE + 1, fmt, args);
    va_end(args);
    if (n > FIRST_SIZE && (to = buf_room(b, (size_t)n))) {
        errno = saved;
        va_start(args, fmt);
        n = vsnprintf(to, (size_t)n + 1, fmt, args);
        va_end(args);
    }
    if (n < 0)
        b->failed = true;
    else if (to)
        b->len += (size_t)n;
    b->data[b->len] = '\0';
}

static void json_escape(struct buf *b, uint8_t c)
{
    static const char letter[] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
    };
    char text[6] = { '\\', 'u', '0', '0', hex_digits[c >> 4], hex_digits[c & 15] };

    if (letter[c]) {
        text[1] = letter[c];
        buf_bytes(b, text, 2);
    } else {
        buf_bytes(b, text, sizeof text);
    }
}

/* U+2028 and U+2029 end a line in older JavaScript, so they do not go out as they are. */
static bool line_separator(const uint8_t *p, size_t n)
{
    return n >= 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9);
}

void buf_json(struct buf *b, struct str s)
{
    /* Bytes that end a run; 0xe2 only begins what may be a line separator. */
    static const bool special[256] = { [0 ... 0x1f] = true, ['"'] = true, ['\\'] = true, [0xe2] = true };
    const uint8_t *p = (const uint8_t *)s.p, *end = p + s.n, *run = p;

    buf_char(b, '"');
    while (p < end) {
        if (!special[*p] || (*p == 0xe2 && !line_separator(p, (size_t)(end - p)))) {
            p++;
            continue;
        }
        buf_bytes(b, run, (size_t)(p - run));
        if (*p == 0xe2) {
            buf_text(b, p[2] == 0xa8 ? "\\u2028" : "\\u2029");
            p += 3;
        } else {
            json_escape(b, *p++);
        }
        run = p;
    }
    buf_bytes(b, run, (size_t)(end - run));
    buf_char(b, '"');
}

static const char *html_escape(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void buf_html(struct buf *b, struct str s)
{
    size_t run = 0;

    for (size_t i = 0; i < s.n; i++) {
        const char *escape = html_escape(s.p[i]);

        if (!escape)
            continue;
        buf_bytes(b, s.p + run, i - run);
        buf_text(b, escape);
        run = i + 1;
    }
    if (s.n)
        buf_bytes(b, s.p + run, s.n - run);
}

/* The civil date of a day counted from 0000-03-01. Years begin in March here, so that a leap day is the last
 * of its year, and come in eras of 400, which all have 146097 days. */
static void civil_date(unsigned day, unsigned *year, unsigned *month, unsigned *mday)
{
    unsigned era = day / 146097, in_era = day % 146097;
    unsigned years = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    unsigned in_year = in_era - (365 * years + years / 4 - years / 100);
    unsigned from_march = (5 * in_year + 2) / 153; /* any five months from March have 153 days */

    *mday = in_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = era * 400 + years + (*month <= 2);
}

static void put_digits(char *to, unsigned width, unsigned v)
{
    for (; width; v /= 10)
        to[--width] = (char)('0' + v % 10);
}

void buf_time(struct buf *b, int64_t ms)
{
    enum { DAY_MS = 86400000 };
    const int64_t first = -719468 * (int64_t)DAY_MS,
                  last = 253402300799999; /* 0000-03-01, and the end of 9999 */
    char text[] = "YYYY-MM-DDThh:mm:ss.mmmZ";
    unsigned year, month, mday, in_day;

    ms = ms < first ? first : ms > last ? last : ms; /* years have four digits */
    in_day = (unsigned)((ms - first) % DAY_MS);
    civil_date((unsigned)((ms - first) / DAY_MS), &year, &month, &mday);
    put_digits(text, 4, year);
    put_digits(text + 5, 2, month);
    put_digits(text + 8, 2, mday);
    put_digits(text + 11, 2, in_day / 3600000);
    put_digits(text + 14, 2, in_day / 60000 % 60);
    put_digits(text + 17, 2, in_day / 1000 % 60);
    put_digits(text + 20, 3, in_day % 1000);
    buf_bytes(b, text, sizeof text - 1);
}
