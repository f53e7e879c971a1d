/* SPDX-License-Identifier: MIT
 * Addresses, see address.h. Only what a trusted proxy has appended counts: whatever a client puts in front of that is
 * never looked at.
 */
#include "common/address.h"

#include <arpa/inet.h>

enum { V4_AT = 12, NET_BYTES = 8 };

static const uint8_t v4_mapped[V4_AT] = { [10] = 0xff, [11] = 0xff };

/* a.b.c.d, a.b.c.d:port, v6, [v6], [v6]:port: proxies write all of them. */
static bool read_address(struct str text, uint8_t out[16])
{
    char word[INET6_ADDRSTRLEN];
    struct str rest = text, host = text;

    if (str_begins(text, "[")) {
        rest = (struct str){ text.p + 1, text.n - 1 };
        if (!str_next(&rest, ']', &host) || !rest.p)
            return false;
    } else if (text.n && memchr(text.p, ':', text.n) == memrchr(text.p, ':', text.n)) { /* at most one */
        str_next(&rest, ':', &host);
    }
    if (!str_copy(word, sizeof word, host))
        return false;
    memcpy(out, v4_mapped, V4_AT);
    return inet_pton(AF_INET, word, out + V4_AT) == 1 || inet_pton(AF_INET6, word, out) == 1;
}

static bool is_trusted(struct str text, const struct setting_list *trusted)
{
    uint8_t a[16], b[16];

    if (!text.p || str_is(text, "unix"))
        return true;
    if (!read_address(text, a))
        return false;
    for (size_t i = 0; i < trusted->n; i++)
        if (read_address(str_of(trusted->item[i]), b) && !memcmp(a, b, sizeof a))
            return true;
    return false;
}

/* The last value of a list off its end; false at its beginning. */
static bool last_of(struct str *list, struct str *value)
{
    const char *comma;

    if (!list->p)
        return false;
    comma = list->n ? memrchr(list->p, ',', list->n) : NULL;
    *value = comma ? (struct str){ comma + 1, (size_t)(list->p + list->n - comma - 1) } : *list;
    *list = comma ? (struct str){ list->p, (size_t)(comma - list->p) } : (struct str){ 0 };
    *value = str_trim(*value);
    return true;
}

bool address_known(const struct address *a)
{
    static const struct address none;

    return memcmp(a, &none, sizeof none) != 0;
}

struct address address_of(struct str peer, struct str forwarded, const struct setting_list *trusted)
{
    struct address a = { 0 }, b;
    struct str at = peer, next;

    if (!peer.p || !read_address(peer, a.bytes))
        a = (struct address){ 0 };
    while (is_trusted(at, trusted) && last_of(&forwarded, &next) && read_address(next, b.bytes)) {
        at = next;
        a = b;
    }
    if (!address_known(&a))
        return a;
    /* In ::/64 there are no customers, but IPv4 and ourselves. */
    if (memcmp(a.bytes, (uint8_t[NET_BYTES]){ 0 }, NET_BYTES) != 0)
        memset(a.bytes + NET_BYTES, 0, sizeof a.bytes - NET_BYTES);
    return a;
}
