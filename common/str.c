/* SPDX-License-Identifier: MIT
 * Texts with lengths: comparing, splitting, turning into numbers. Allocates nothing. Called from everywhere.
 */
#include "common/str.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_is_nocase(struct str s, const char *word)
{
    if (!s.p || s.n != strlen(word))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (lower(s.p[i]) != lower(word[i]))
            return false;
    return true;
}

bool str_begins(struct str s, const char *prefix)
{
    size_t n = strlen(prefix);

    return s.p && s.n >= n && !memcmp(s.p, prefix, n);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
    while (s.n && blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_next(struct str *rest, char at, struct str *part)
{
    const char *found;

    if (!rest->p)
        return false;
    *part = *rest;
    found = rest->n ? memchr(rest->p, at, rest->n) : NULL;
    if (!found) {
        *rest = (struct str){ 0 };
        return true;
    }
    part->n = (size_t)(found - rest->p);
    rest->p = found + 1;
    rest->n -= part->n + 1;
    return true;
}

bool str_to_u64(struct str s, uint64_t *out)
{
    uint64_t v = 0;

    if (!s.n)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return false;
    }
    *out = v;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool str_from_hex(struct str s, uint8_t *out, size_t n)
{
    if (s.n / 2 != n || s.n % 2)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(s.p[2 * i]), low = hex_digit(s.p[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool str_copy(char *out, size_t size, struct str s)
{
    if (!size)
        return false;
    out[0] = '\0';
    if (s.n >= size || (s.n && memchr(s.p, '\0', s.n)))
        return false;
    if (s.n)
        memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

struct str str_put(char **at, struct str s)
{
    struct str copy = { *at, s.n };

    if (s.n)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return copy;
}
