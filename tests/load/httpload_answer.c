/* SPDX-License-Identifier: MIT
 * Answers of HTTP/1.1: where they end, and whether they are the wanted one (httpload.h).
 */
#include "tests/load/httpload.h"

enum { STATUS_AT = sizeof "HTTP/1.1 " - 1, STATUS_DIGITS = 3 };

/* Takes a line with its "\r\n" off the front; false at the empty one that ends the head, which is taken too. */
static bool next_line(struct str *rest, struct str *line)
{
    if (!str_next(rest, '\n', line))
        return false;
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    return line->n > 0;
}

static bool is_field(struct str line, const char *name)
{
    size_t n = strlen(name);

    return line.n > n && line.p[n] == ':' && !strncasecmp(line.p, name, n);
}

static struct str value_of(struct str line)
{
    const char *colon = memchr(line.p, ':', line.n);
    size_t before = (size_t)(colon + 1 - line.p);

    return str_trim((struct str){ line.p + before, line.n - before });
}

static bool read_status(struct str line, int *status)
{
    uint64_t n;

    if (line.n < STATUS_AT + STATUS_DIGITS || !str_begins(line, "HTTP/1.1 ") ||
        !str_to_u64((struct str){ line.p + STATUS_AT, STATUS_DIGITS }, &n) || n >= HTTP_STATUS_MAX)
        return false;
    *status = (int)n;
    return true;
}

bool answer_read(struct answer *a, struct str bytes)
{
    const char *end = memmem(bytes.p, bytes.n, "\r\n\r\n", 4);
    struct str rest = bytes, line;
    uint64_t body = UINT64_MAX;

    *a = (struct answer){ 0 };
    if (!end)
        return true;
    if (!next_line(&rest, &line) || !read_status(line, &a->status))
        return false;
    while (next_line(&rest, &line)) {
        if (is_field(line, "Content-Length") && !str_to_u64(value_of(line), &body))
            return false;
        if (is_field(line, "Connection"))
            a->closes = str_is_nocase(value_of(line), "close");
    }
    if (body > INT32_MAX)
        return false;
    if (rest.n >= body)
        a->length = (size_t)(end + 4 - bytes.p) + (size_t)body;
    return true;
}

/* The web server's own, said or not as things happen to be: that a connection ends, and that the whole answer lay there
 * when its head was written. */
static bool comes_and_goes(struct str line)
{
    return is_field(line, "Connection") || is_field(line, "Accept-Ranges");
}

/* The next line that is to be compared. */
static bool line_to_compare(struct str *rest, struct str *line)
{
    bool more;

    do
        more = next_line(rest, line);
    while (more && comes_and_goes(*line));
    return more;
}

static bool same_line(struct str a, struct str b)
{
    static const char *const vary[] = { "Date", "X-Request-Id" };

    for (size_t i = 0; i < sizeof vary / sizeof *vary; i++)
        if (is_field(a, vary[i]))
            return is_field(b, vary[i]) && a.n == b.n;
    return str_same(a, b);
}

bool answer_same(struct str wanted, struct str got)
{
    struct str a, b;

    for (;;) {
        bool more = line_to_compare(&wanted, &a);

        if (more != line_to_compare(&got, &b))
            return false;
        if (!more)
            return str_same(wanted, got);
        if (!same_line(a, b))
            return false;
    }
}
