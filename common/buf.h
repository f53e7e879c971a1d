/* SPDX-License-Identifier: MIT
 * A growing buffer of bytes. Writers are named by what the text is for. A buffer remembers that memory ran out
 * (everything after that is dropped), so one buf_ok() at the end is enough.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include "common/str.h"

struct buf {
    char *data; /* NUL behind data[len - 1] whenever data is not NULL */
    size_t len, size;
    bool failed;
};

/* All zero is an empty buffer. Frees the bytes and makes it one again. */
void buf_free(struct buf *b);

/* Empties it (and forgets a failure) but keeps the memory. */
void buf_clear(struct buf *b);

bool buf_ok(const struct buf *b);

/* Room for n more bytes at data + len; NULL when memory ran out. The caller then adds to len what it wrote.
 * A NUL stands behind all n; who writes fewer puts its own. */
char *buf_room(struct buf *b, size_t n);

void buf_bytes(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_text(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_u64(struct buf *b, uint64_t v);
void buf_i64(struct buf *b, int64_t v);
/* Exactly 2 * n lower-case digits. */
void buf_hex(struct buf *b, const void *p, size_t n);
/* v as 16 hex digits: how an epoch is written. */
void buf_hex64(struct buf *b, uint64_t v);
void buf_format(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes. The text must be UTF-8; `"`, `\` and what is below 0x20 is escaped, and so are
 * U+2028 and U+2029. */
void buf_json(struct buf *b, struct str s);
/* Text for HTML, attribute values too: & < > " ' are escaped. */
void buf_html(struct buf *b, struct str s);
/* "2026-11-24T08:00:00.123Z" (RFC 3339, UTC) of milliseconds since 1970; thread-safe. No quotes.
 * What is outside the years 0000-03 to 9999 becomes the nearest that is inside. */
void buf_time(struct buf *b, int64_t ms);

/* What is in it; the bytes belong to the buffer and live until it is next written. */
static inline struct str buf_all(const struct buf *b)
{
    return (struct str){ b->data ? b->data : "", b->len };
}

#endif
