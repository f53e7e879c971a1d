/* SPDX-License-Identifier: MIT
 * Reads heads; see head.h. Strict: what is not clearly a handshake is none, so that no two programs in a row
 * can read one request as two.
 */
#include "relay/head.h"

size_t head_end(struct str bytes, size_t *scanned)
{
    for (size_t i = *scanned; i < bytes.n; i++) {
        char c = bytes.p[i];

        if (c == '\0' || (c == '\n' && (i == 0 || bytes.p[i - 1] != '\r')) ||
            (c != '\n' && i > 0 && bytes.p[i - 1] == '\r'))
            return SIZE_MAX;
        if (c == '\n' && i >= 3 && bytes.p[i - 2] == '\n')
            return i + 1;
    }
    *scanned = bytes.n;
    return 0;
}

/* A line without its CRLF off the front of *rest. */
static bool next_line(struct str *rest, struct str *line)
{
    if (!str_next(rest, '\n', line))
        return false;
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    return true;
}

static bool read_request_line(struct head *head, struct str line)
{
    struct str version, rest = line;

    if (!str_next(&rest, ' ', &head->method) || !str_next(&rest, ' ', &head->target) || !head->method.n ||
        !head->target.n || !str_next(&rest, ' ', &version) || rest.p)
        return false;
    head->old = str_is(version, "HTTP/1.0");
    return head->old || str_is(version, "HTTP/1.1");
}

/* Whether a list of words separated by commas has one. */
static bool list_has(struct str list, const char *word)
{
    struct str part;

    while (str_next(&list, ',', &part))
        if (str_is_nocase(str_trim(part), word))
            return true;
    return false;
}

/* Takes a header that may stand there once; says so when it is not the first. */
static bool take(struct str *field, struct str value)
{
    bool again = field->p != NULL;

    *field = value;
    return again;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_token_char(char c)
{
    return is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_char(s.p[i]))
            return false;
    return s.n > 0;
}

struct seen {
    bool upgrade, connection;
};

static void read_field(struct head *head, struct seen *seen, struct str name, struct str value)
{
    if (str_is_nocase(name, "host"))
        head->repeated |= take(&head->host, value);
    else if (str_is_nocase(name, "sec-websocket-key"))
        head->repeated |= take(&head->key, value);
    else if (str_is_nocase(name, "sec-websocket-version"))
        head->repeated |= take(&head->version, value);
    else if (str_is_nocase(name, "authorization"))
        head->repeated |= take(&head->authorization, value);
    else if (str_is_nocase(name, "origin"))
        head->origins |= take(&head->origin, value);
    else if (str_is_nocase(name, "sec-fetch-site"))
        head->fetch_site = value;
    else if (str_is_nocase(name, "sec-websocket-protocol"))
        head->protocols |= take(&head->protocol, value);
    else if (str_is_nocase(name, "x-forwarded-for"))
        head->forwarded_for = value; /* the last one is the nearest proxy's */
    else if (str_is_nocase(name, "upgrade"))
        seen->upgrade |= list_has(value, "websocket");
    else if (str_is_nocase(name, "connection"))
        seen->connection |= list_has(value, "upgrade");
}

bool head_read(struct head *head, struct str bytes)
{
    struct str rest = bytes, line, name;
    struct seen seen = { 0 };

    *head = (struct head){ 0 };
    if (!next_line(&rest, &line) || !read_request_line(head, line))
        return false;
    while (next_line(&rest, &line) && line.n) {
        if (!str_next(&line, ':', &name) || !line.p || !is_name(name))
            return false;
        read_field(head, &seen, name, str_trim(line));
    }
    head->upgrade = seen.upgrade && seen.connection;
    return true;
}

/* 16 bytes in base64. */
static bool is_key(struct str s)
{
    if (s.n != 24 || s.p[22] != '=' || s.p[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '+' && s.p[i] != '/')
            return false;
    return true;
}

bool head_is_handshake(const struct head *head)
{
    return str_is(head->method, "GET") && head->upgrade && !head->old && !head->repeated && head->host.p &&
           head->version.p && is_key(head->key);
}

bool head_token_shaped(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.')
            return false;
    return s.n > 0;
}

struct str head_bearer(struct str authorization)
{
    struct str rest = authorization, scheme;

    if (!rest.p || !str_next(&rest, ' ', &scheme) || !str_is_nocase(scheme, "bearer"))
        return (struct str){ 0 };
    rest = str_trim(rest);
    return head_token_shaped(rest) ? rest : (struct str){ 0 };
}
