/* SPDX-License-Identifier: MIT
 * Unicode by the C interface of ICU, which works on UTF-16: texts go there and back. ASCII, which is most of
 * what comes, takes short ways. The only file that sees unicode/.
 */
#include "common/fold.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

/* Longer texts are refused as if they were not UTF-8: ICU counts in int32_t, and no limit of ours is near. */
enum { TEXT_MAX = 16 << 20 };

static size_t ascii_length(struct str s)
{
    size_t i = 0;

    for (uint64_t eight; i + 8 <= s.n; i += 8) {
        memcpy(&eight, s.p + i, 8);
        if (eight & 0x8080808080808080)
            break;
    }
    while (i < s.n && !(s.p[i] & 0x80))
        i++;
    return i;
}

/* The code point at *i, which moves behind it; negative where there is none. s.p[*i] must be inside. */
static UChar32 next_char(struct str s, int32_t *i)
{
    const uint8_t *p = (const uint8_t *)s.p;
    UChar32 c;

    U8_NEXT(p, *i, (int32_t)s.n, c);
    return c;
}

bool fold_utf8(struct str s)
{
    int32_t i = 0;

    if (s.n > TEXT_MAX)
        return false;
    while (i < (int32_t)s.n) {
        i += (int32_t)ascii_length((struct str){ s.p + i, s.n - (size_t)i });
        while (i < (int32_t)s.n && (s.p[i] & 0x80))
            if (next_char(s, &i) < 0)
                return false;
    }
    return true;
}

/* ---- UTF-16, while ICU works on it ---- */

struct wide {
    UChar *p;
    int32_t n, size;
};

static bool wide_room(struct wide *w, int32_t size)
{
    if (w->size >= size)
        return true;
    free(w->p);
    w->p = malloc((size_t)size * sizeof *w->p);
    w->size = w->p ? size : 0;
    return w->p;
}

/* False for what is not UTF-8. */
static bool wide_of(struct wide *w, struct str s)
{
    UErrorCode e = U_ZERO_ERROR;

    if (s.n > TEXT_MAX || !wide_room(w, (int32_t)s.n + 1))
        return false;
    u_strFromUTF8(w->p, w->size, &w->n, s.p, (int32_t)s.n, &e);
    return U_SUCCESS(e);
}

typedef int32_t mapping(UChar *to, int32_t size, const UChar *from, int32_t n, UErrorCode *e);

static int32_t nfc(UChar *to, int32_t size, const UChar *from, int32_t n, UErrorCode *e)
{
    const UNormalizer2 *normalizer = unorm2_getNFCInstance(e);

    return unorm2_normalize(normalizer, from, n, to, size, e);
}

static int32_t fold_case(UChar *to, int32_t size, const UChar *from, int32_t n, UErrorCode *e)
{
    return u_strFoldCase(to, size, from, n, U_FOLD_CASE_DEFAULT, e);
}

/* Replaces *w by its mapping. */
static bool wide_map(struct wide *w, mapping *map)
{
    struct wide out = { 0 };
    UErrorCode e = U_BUFFER_OVERFLOW_ERROR;

    for (int32_t size = w->n + 16; e == U_BUFFER_OVERFLOW_ERROR; size = out.n + 1) {
        e = U_ZERO_ERROR;
        if (!wide_room(&out, size))
            e = U_MEMORY_ALLOCATION_ERROR;
        out.n = map(out.p, out.size, w->p, w->n, &e);
    }
    free(w->p);
    *w = out;
    return U_SUCCESS(e);
}

static bool wide_append(struct buf *out, const struct wide *w)
{
    UErrorCode e = U_ZERO_ERROR;
    int32_t most = 3 * w->n, n;
    char *to = buf_room(out, (size_t)most);

    if (!to)
        return false;
    u_strToUTF8(to, most + 1, &n, w->p, w->n, &e);
    if (U_SUCCESS(e))
        out->len += (size_t)n;
    out->data[out->len] = '\0';
    return U_SUCCESS(e);
}

static bool append_mapped(struct buf *out, struct str s, mapping *const *maps, size_t n)
{
    struct wide w = { 0 };
    bool ok = wide_of(&w, s);

    for (size_t i = 0; ok && i < n; i++)
        ok = wide_map(&w, maps[i]);
    ok = ok && wide_append(out, &w);
    free(w.p);
    return ok;
}

/* ---- what others see ---- */

bool fold_nfc(struct buf *out, struct str s)
{
    static mapping *const maps[] = { nfc };

    if (ascii_length(s) < s.n)
        return append_mapped(out, s, maps, 1);
    buf_str(out, s);
    return buf_ok(out);
}

bool fold_key(struct buf *out, struct str s)
{
    static mapping *const maps[] = { nfc, fold_case, nfc };
    char *to;

    if (ascii_length(s) < s.n)
        return append_mapped(out, s, maps, 3);
    to = buf_room(out, s.n);
    if (!to)
        return false;
    for (size_t i = 0; i < s.n; i++)
        to[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] - 'A' + 'a') : s.p[i];
    out->len += s.n;
    return true;
}

size_t fold_length(struct str s)
{
    size_t length = 0;

    if (!fold_utf8(s))
        return 0;
    for (size_t i = 0; i < s.n; i++)
        length += (s.p[i] & 0xc0) != 0x80;
    return length;
}

static bool clean_char(UChar32 c)
{
    if (c < 0x80)
        return c >= 0x20 && c != 0x7f;
    switch (u_charType(c)) {
    case U_CONTROL_CHAR:
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR:
        return false;
    default:
        return !u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL);
    }
}

bool fold_clean(struct str s)
{
    if (s.n > TEXT_MAX)
        return false;
    for (int32_t i = 0; i < (int32_t)s.n;) {
        UChar32 c = next_char(s, &i);

        if (c < 0 || !clean_char(c))
            return false;
    }
    return true;
}

bool fold_outer_space(struct str s)
{
    const uint8_t *p = (const uint8_t *)s.p;
    int32_t begin = 0, end = (int32_t)s.n;
    UChar32 last;

    if (!s.n || !fold_utf8(s))
        return false;
    U8_PREV(p, 0, end, last);
    return u_isUWhiteSpace(next_char(s, &begin)) || u_isUWhiteSpace(last);
}
