/* SPDX-License-Identifier: MIT
 * A text with its length, borrowed from whoever owns the bytes. It may hold NUL and need not end with one.
 * An absent text has p == NULL; an empty one has not.
 */
#ifndef COMMON_STR_H
#define COMMON_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })

/* Of a NUL-terminated text; of NULL: absent. */
static inline struct str str_of(const char *s)
{
    return (struct str){ s, s ? strlen(s) : 0 };
}

static inline bool str_same(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || !memcmp(a.p, b.p, a.n));
}

/* True when the text is exactly this word; case matters. */
static inline bool str_is(struct str s, const char *word)
{
    return s.p && s.n == strlen(word) && !memcmp(s.p, word, s.n);
}

/* As str_is(), but a-z and A-Z are the same. */
bool str_is_nocase(struct str s, const char *word);

bool str_begins(struct str s, const char *prefix);

/* Without the spaces and tabs at both ends. */
struct str str_trim(struct str s);

/* Takes what stands before the first `at` off the front of *rest (all of it where there is none); false at the
 * end. "a,,b" gives "a", "", "b"; "a," gives "a", ""; "" gives "", an absent text nothing. Set *rest to a whole text before the first call. */
bool str_next(struct str *rest, char at, struct str *part);

/* Decimal digits only, no sign, no space, at least one digit; false when it is not that or does not fit. */
bool str_to_u64(struct str s, uint64_t *out);

/* Lower- or upper-case hexadecimal digits, exactly 2 * n of them. */
bool str_from_hex(struct str s, uint8_t *out, size_t n);

/* Copies with a NUL at the end; false (and out = "") when it does not fit or the text holds a NUL. */
bool str_copy(char *out, size_t size, struct str s);

/* Copies a text to *at, which has room for it, and moves *at behind the copy; returns the copy. */
struct str str_put(char **at, struct str s);

#endif
