/* SPDX-License-Identifier: MIT
 * wsload's templates: texts with {i}, {r}, {m} and {pad} in them. Other braces are themselves, so JSON needs
 * no escapes.
 */
#include "tests/load/wsload.h"

static bool part_add(struct text *t, char what, struct str bytes)
{
    if (!what && !bytes.n)
        return true;
    if (t->n == TEXT_PARTS_MAX)
        return false;
    t->part[t->n++] = (struct text_part){ what, bytes };
    return true;
}

bool text_parse(struct text *t, const char *source)
{
    static const char *const names[] = { "{i}", "{r}", "{m}", "{pad}" };
    const char *from = source, *p = source;

    t->n = 0;
    while (*p) {
        size_t k = 0;

        while (k < sizeof names / sizeof *names && strncmp(p, names[k], strlen(names[k])))
            k++;
        if (k == sizeof names / sizeof *names) {
            p++;
            continue;
        }
        if (!part_add(t, 0, (struct str){ from, (size_t)(p - from) }) || !part_add(t, names[k][1], STR("")))
            return false;
        p += strlen(names[k]);
        from = p;
    }
    return part_add(t, 0, (struct str){ from, (size_t)(p - from) });
}

bool text_has_mark(const struct text *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->part[i].what == 'm')
            return true;
    return false;
}

static void mark_write(struct buf *out, const struct text_values *v)
{
    buf_char(out, '~');
    buf_u64(out, v->conn);
    buf_char(out, '.');
    buf_u64(out, v->number);
    buf_char(out, '.');
    buf_u64(out, v->sent_at);
    buf_char(out, '~');
}

static void pad_insert(struct buf *out, size_t at, size_t n)
{
    if (!buf_room(out, n))
        return;
    memmove(out->data + at + n, out->data + at, out->len - at);
    memset(out->data + at, 'x', n);
    out->len += n;
}

void text_write(struct buf *out, const struct text *t, const struct text_values *v, size_t size)
{
    size_t begin = out->len, pad_at = SIZE_MAX;

    for (size_t i = 0; i < t->n; i++) {
        switch (t->part[i].what) {
        case 'i':
            buf_u64(out, v->conn);
            break;
        case 'r':
            buf_u64(out, v->room);
            break;
        case 'm':
            mark_write(out, v);
            break;
        case 'p':
            pad_at = out->len;
            break;
        default:
            buf_str(out, t->part[i].bytes);
        }
    }
    if (pad_at != SIZE_MAX && out->len - begin < size)
        pad_insert(out, pad_at, size - (out->len - begin));
}
