/* SPDX-License-Identifier: MIT
 * getopt_long(3), and what each value must look like; what is wrong is said at once (options.h).
 */
#include "ctl/options.h"

#include <arpa/inet.h>
#include <getopt.h>

#include "common/str.h"

static const struct option run_options[] = {
    { "port", required_argument, NULL, 'p' },       { "bind", required_argument, NULL, 'b' },
    { "data", required_argument, NULL, 'd' },       { "programs", required_argument, NULL, 'P' },
    { "httpd-conf", required_argument, NULL, 'H' }, { NULL, 0, NULL, 0 },
};
static const struct option look_options[] = {
    { "data", required_argument, NULL, 'd' },
    { NULL, 0, NULL, 0 },
};

static bool wrong(const char *what)
{
    fprintf(stderr, "globesctl: %s\n", what);
    return false;
}

static bool read_port(struct options *o, const char *text)
{
    uint64_t port;

    if (!str_to_u64(str_of(text), &port) || port < 1 || port > 65535)
        return wrong("--port takes a number from 1 to 65535");
    o->port = (int)port;
    return true;
}

static bool read_bind(struct options *o, const char *text)
{
    struct in6_addr room; /* large enough for either */

    if (inet_pton(AF_INET, text, &room) != 1 && inet_pton(AF_INET6, text, &room) != 1)
        return wrong("--bind takes an IP address of this machine, as 127.0.0.1, 0.0.0.0 (all) or ::1");
    o->bind = text;
    return true;
}

static bool take(struct options *o, int letter, char *value)
{
    switch (letter) {
    case 'p':
        return read_port(o, value);
    case 'b':
        return read_bind(o, value);
    case 'd':
        o->data = value;
        return *value ? true : wrong("--data takes a folder");
    case 'P':
        o->programs = value;
        return true;
    case 'H':
        o->httpd_conf = value;
        return true;
    case 'f':
        if (o->files_n == OPTION_FILES_MAX)
            return wrong("too many files");
        o->files[o->files_n++] = value;
        return true;
    default: /* getopt has said what is wrong */
        return false;
    }
}

bool options_read(struct options *o, bool all, int argc, char **argv)
{
    int letter;

    *o = (struct options){ .port = 8080, .bind = "127.0.0.1", .data = all ? "./data" : NULL };
    while ((letter = getopt_long(argc, argv, "f:", all ? run_options : look_options, NULL)) != -1)
        if (!take(o, letter, optarg))
            return false;
    if (optind == argc)
        return true;
    fprintf(stderr, "globesctl: one argument too many: %s\n", argv[optind]);
    return false;
}
