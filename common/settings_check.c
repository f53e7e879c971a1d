/* SPDX-License-Identifier: MIT
 * What a setting's text must look like where its kind alone does not say it. Nothing is opened, resolved or
 * connected to: whether a folder is there is found out by whoever uses it. No text is repeated in an answer:
 * a URI may hold a password.
 */
#include "common/settings_value.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include "common/room.h"

static bool follows(struct str text, const char *prefix)
{
    return str_begins(text, prefix) && text.n > strlen(prefix);
}

static struct str behind(struct str text, size_t n)
{
    return (struct str){ text.p + n, text.n - n };
}

static bool port_ok(struct str text)
{
    uint64_t port;

    return str_to_u64(text, &port) && port >= 1 && port <= UINT16_MAX;
}

static const char *wrong_store(struct str text)
{
    return follows(text, "sqlite:") ? NULL : "must be sqlite:DIR: no other store is built into this program";
}

static const char *wrong_bus(struct str text)
{
    return follows(text, "nats://") ? NULL : "must be nats://HOST:PORT or none";
}

static const char *wrong_unix(struct str text)
{
    enum { PATH_MOST = sizeof((struct sockaddr_un *)NULL)->sun_path - 1 };

    if (!follows(text, "unix:/"))
        return "must be unix:PATH with a path that begins with /";
    return text.n - strlen("unix:") <= PATH_MOST ? NULL : "must have a path of at most 107 bytes";
}

static const char *wrong_listen(struct str text)
{
    char host[INET_ADDRSTRLEN];
    struct in_addr address;
    struct str name;

    if (str_begins(text, "unix:"))
        return wrong_unix(text);
    if (str_next(&text, ':', &name) && str_copy(host, sizeof host, name) &&
        inet_pton(AF_INET, host, &address) == 1 && port_ok(text))
        return NULL;
    return "must be unix:PATH or an IPv4 address and a port, such as 127.0.0.1:8081";
}

static bool among(struct str text, const char *others)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              strchr(others, c)))
            return false;
    }
    return text.n > 0;
}

/* It is compared with paths as they come, so what clients could write in another way too is refused. */
static const char *wrong_base(struct str text)
{
    struct str rest, part;

    if (text.p[0] != '/')
        return "must begin with /";
    if (text.n == 1)
        return NULL;
    if (!among(text, "/-._~"))
        return "must be of letters, digits, - . _ ~ and /";
    rest = behind(text, 1);
    while (str_next(&rest, '/', &part))
        if (!part.n || str_is(part, ".") || str_is(part, ".."))
            return "must not end with /, nor have an empty part or one of dots";
    return NULL;
}

/* host, host:port, [IPv6] or [IPv6]:port */
static bool authority_ok(struct str text)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr six;
    struct str host;

    if (!str_begins(text, "["))
        return str_next(&text, ':', &host) && among(host, ".-_") && (!text.p || port_ok(text));
    text = behind(text, 1);
    return str_next(&text, ']', &host) && str_copy(address, sizeof address, host) &&
           inet_pton(AF_INET6, address, &six) == 1 && text.p &&
           (!text.n || (text.p[0] == ':' && port_ok(behind(text, 1))));
}

static const char *wrong_origin(struct str text)
{
    struct str rest = text, scheme;

    if (str_next(&rest, ':', &scheme) && among(scheme, "+.-") && str_begins(rest, "//") &&
        authority_ok(behind(rest, 2)))
        return NULL;
    return "must be origins such as https://example.org, with nothing behind the host but a port";
}

static const char *wrong_origin_or_all(struct str text)
{
    return str_is(text, "*") ? NULL : wrong_origin(text);
}

static const char *wrong_address(struct str text)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr any;

    if (str_is(text, "unix"))
        return NULL;
    if (str_copy(address, sizeof address, text) &&
        (inet_pton(AF_INET, address, &any) == 1 || inet_pton(AF_INET6, address, &any) == 1))
        return NULL;
    return "must be IP addresses or the word unix";
}

/* A private or hidden room needs a password, and settings are no place for one. */
static const char *wrong_room(struct str text)
{
    struct room room = { 0 };
    struct room_input in = { 0 };
    enum visibility visibility;
    struct str field, more;
    bool new_password;

    if (!str_next(&text, '|', &in.title) || !str_next(&text, '|', &in.visibility) ||
        !str_next(&text, '|', &in.description) || str_next(&text, '|', &more))
        return "must have three parts, title|visibility|description";
    if (!visibility_read(in.visibility, &visibility) || visibility != ROOM_PUBLIC)
        return "must be public: other rooms need a password, and are made through the API";
    if (!room_apply(&room, &in, true, false, &new_password, &field))
        return NULL;
    if (str_is(field, "title"))
        return "has a title that a room cannot have: 2 to 70 characters, not only digits, no outer spaces, "
               "not all or events";
    return "must have a description of at most 70 characters";
}

const char *setting_format_wrong(size_t row, struct str text)
{
    static const char *(*const wrong[ROW_COUNT])(struct str) = {
        [ROW_store] = wrong_store,
        [ROW_bus] = wrong_bus,
        [ROW_site] = wrong_origin,
        [ROW_relay_listen] = wrong_listen,
        [ROW_control_socket] = wrong_unix,
        [ROW_base_path] = wrong_base,
        [ROW_trusted_proxies] = wrong_address,
        [ROW_allowed_origins] = wrong_origin_or_all,
        [ROW_room] = wrong_room,
    };

    return wrong[row] ? wrong[row](text) : NULL;
}
