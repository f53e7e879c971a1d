/* SPDX-License-Identifier: MIT
 * Origins, see origin.h. TLS may end in front of us, so of our own origin only host and port are compared; the port
 * that the Origin's scheme has anyway counts as none on either side.
 */
#include "common/origin.h"

/* Host and port as they stand in an Origin or a Host; port.p == NULL: none, or the scheme's own. */
struct authority {
    struct str host, port;
};

static struct str behind(struct str s, size_t n)
{
    return (struct str){ s.p + n, s.n - n };
}

static bool same_nocase(struct str a, struct str b)
{
    return a.n == b.n && (!a.n || !strncasecmp(a.p, b.p, a.n));
}

static bool host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr(".-_:[]", c));
}

/* host, host:port, [v6], [v6]:port, and nothing else: no user, no path, no list. */
static bool read_authority(struct str text, struct str default_port, struct authority *out)
{
    const char *colon;
    uint64_t port;

    for (size_t i = 0; i < text.n; i++)
        if (!host_char(text.p[i]))
            return false;
    *out = (struct authority){ .host = text };
    if (str_begins(text, "[")) {
        const char *end = memchr(text.p, ']', text.n);

        if (!end)
            return false;
        out->host.n = (size_t)(end + 1 - text.p);
        text = behind(text, out->host.n);
        if (!text.n)
            return true;
        colon = text.p;
    } else {
        colon = text.n ? memchr(text.p, ':', text.n) : NULL;
        if (colon)
            out->host.n = (size_t)(colon - text.p);
        else
            return out->host.n > 0;
    }
    text = behind(text, (size_t)(colon - text.p));
    out->port = behind(text, 1);
    if (*colon != ':' || !out->host.n || !str_to_u64(out->port, &port) || port > UINT16_MAX)
        return false;
    if (str_same(out->port, default_port))
        out->port = (struct str){ 0 };
    return true;
}

static bool same_authority(const struct authority *a, const struct authority *b)
{
    return same_nocase(a->host, b->host) && a->port.n == b->port.n && str_same(a->port, b->port);
}

/* An origin taken apart. */
struct parts {
    struct str scheme, default_port;
    struct authority authority;
};

static bool is_scheme(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!host_char(s.p[i]) && s.p[i] != '+')
            return false;
    return s.n > 0;
}

static bool read_origin(struct str text, struct parts *out)
{
    struct str rest = text;

    if (!str_next(&rest, ':', &out->scheme) || !is_scheme(out->scheme) || !str_begins(rest, "//"))
        return false;
    out->default_port = str_is_nocase(out->scheme, "https")  ? STR("443")
                        : str_is_nocase(out->scheme, "http") ? STR("80")
                                                             : (struct str){ 0 };
    return read_authority(behind(rest, 2), out->default_port, &out->authority);
}

static bool is_own(const struct parts *origin, const struct origin_asked *asked,
                   const struct setting_list *site)
{
    struct authority host;
    struct parts one;

    if (!origin->default_port.p) /* a browser's page of ours comes by http or https */
        return false;
    if (!site->n)
        return read_authority(asked->host, origin->default_port, &host) &&
               same_authority(&origin->authority, &host);
    for (size_t i = 0; i < site->n; i++)
        if (read_origin(str_of(site->item[i]), &one) && same_authority(&origin->authority, &one.authority))
            return true;
    return false;
}

static bool is_allowed(const struct parts *origin, const struct setting_list *allowed)
{
    struct parts one;

    for (size_t i = 0; i < allowed->n; i++) {
        struct str item = str_of(allowed->item[i]);

        if (str_is(item, "*"))
            return true;
        if (read_origin(item, &one) && same_nocase(origin->scheme, one.scheme) &&
            same_authority(&origin->authority, &one.authority))
            return true;
    }
    return false;
}

enum origin origin_of(const struct origin_asked *asked, const struct setting_list *site,
                      const struct setting_list *allowed)
{
    struct parts origin;

    if (!asked->origin.p)
        return str_is_nocase(asked->fetch_site, "cross-site") ? ORIGIN_FOREIGN : ORIGIN_NONE;
    if (!read_origin(asked->origin, &origin))
        return ORIGIN_FOREIGN;
    /* First: of our own by host and port, it may be another one to a browser, by its scheme. */
    if (is_allowed(&origin, allowed))
        return ORIGIN_ALLOWED;
    return is_own(&origin, asked, site) ? ORIGIN_OWN : ORIGIN_FOREIGN;
}
