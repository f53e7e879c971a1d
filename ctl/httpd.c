/* SPDX-License-Identifier: MIT
 * Writes two files, lighttpd.conf and the globes-local.conf that names the sockets of this place; starts
 * nothing (httpd.h).
 */
#include "ctl/httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/path.h"
#include "ctl/listen.h"

enum { MAX_FDS = 65536 }; /* for lighttpd, where the system lets it have so many */

/* An owner's PATH often has no sbin in it. */
static bool find_program(char out[PATH_MAX], struct buf *why)
{
    const char *path = getenv("PATH");
    struct str rest, folder;
    struct buf all = { 0 };

    buf_text(&all, path ? path : "");
    buf_text(&all, ":/usr/sbin:/usr/local/sbin");
    rest = buf_all(&all);
    while (str_next(&rest, ':', &folder)) {
        int n = snprintf(out, PATH_MAX, "%.*s/lighttpd", (int)folder.n, folder.p);
        if (folder.n && n < PATH_MAX && !access(out, X_OK)) {
            buf_free(&all);
            return true;
        }
    }
    buf_free(&all);
    buf_text(why, "lighttpd is not installed: `make deps` or `apt-get install lighttpd` does it");
    return false;
}

static bool write_file(const char *path, struct buf *text, struct buf *why)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    bool good = fd >= 0 && buf_ok(text) && write(fd, text->data, text->len) == (ssize_t)text->len;

    if (!good)
        buf_format(why, "%s cannot be written: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

/* Half of the descriptors are for people, half for the relay's and fcgi's ends. */
static unsigned max_fds(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > MAX_FDS)
        return MAX_FDS;
    return (unsigned)limit.rlim_cur;
}

static void main_text(struct buf *t, const struct place *p, const struct options *o, const char *conf,
                      const struct settings *settings)
{
    bool v6 = strchr(o->bind, ':');

    buf_text(t, "# Written by globesctl run at each start.\n");
    buf_format(t, v6 ? "server.bind = \"[%s]\"\n" : "server.bind = \"%s\"\n", o->bind);
    buf_format(t, "server.port = %d\n", o->port);
    buf_format(t, "server.document-root = \"%s/www\"\n", p->run);
    buf_format(t, "server.pid-file = \"%s/lighttpd.pid\"\n", p->run);
    /* No errorlog: in the foreground that is stderr. */
    buf_format(t, "server.max-fds = %u\nserver.max-connections = %u\n", max_fds(), max_fds() / 2 - 16);
    buf_text(t, "server.listen-backlog = 4096\n");
    buf_text(t, "server.feature-flags += ( \"server.graceful-shutdown-timeout\" => ");
    buf_i64(t, (settings->drain_time + 999) / 1000);
    buf_text(t, " )\n");
    /* There is no other site here: who asks for its front page wants the rooms. */
    buf_format(t, "server.modules += ( \"mod_redirect\" )\nurl.redirect = ( \"^/$\" => \"%s/chats\" )\n",
               path_base(settings->base_path));
    buf_format(t, "url.redirect-code = 302\ninclude \"%s\"\n", conf);
}

/* Quotes would end the text that a path becomes in lighttpd's files; DATA was looked at already. */
static bool quotable(const char *path, struct buf *why)
{
    if (!strpbrk(path, "\"\\\n\r"))
        return true;
    buf_format(why, "lighttpd cannot be told of a path with quotes, backslashes or line ends in it: %s",
               path);
    return false;
}

static bool name_file(char out[PATH_MAX], const struct place *p, const char *name, struct buf *why)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", p->run, name);

    if (n < PATH_MAX)
        return true;
    buf_format(why, "the path of DATA is too long: %s", p->data);
    return false;
}

bool httpd_prepare(struct httpd *h, const struct place *p, const struct options *o, const struct parts *parts,
                   const struct settings *settings, const char *relay_socket, struct buf *why)
{
    char local_file[PATH_MAX], www[PATH_MAX];
    struct buf text = { 0 };

    if (!quotable(parts->httpd_conf, why) || !quotable(parts->web, why) || !quotable(relay_socket, why) ||
        !find_program(h->program, why) || !name_file(h->main_file, p, "lighttpd.conf", why) ||
        !name_file(local_file, p, "globes-local.conf", why) || !name_file(www, p, "www", why))
        return false;
    if (mkdir(www, 0750) && errno != EEXIST) {
        buf_format(why, "%s cannot be made: %s", www, strerror(errno));
        return false;
    }
    main_text(&text, p, o, parts->httpd_conf, settings);
    bool good = write_file(h->main_file, &text, why);
    buf_clear(&text);
    buf_format(&text, "var.globes_fcgi  := \"%s\"\nvar.globes_relay := \"%s\"\nvar.globes_base  := \"%s\"\n",
               p->fcgi_socket, relay_socket, path_base(settings->base_path));
    if (parts->web[0])
        buf_format(&text, "var.globes_web   := \"%s\"\n", parts->web);
    good = good && write_file(local_file, &text, why);
    buf_free(&text);
    return good;
}

bool httpd_answers(const struct options *o, const char *base)
{
    struct buf ask = { 0 };
    const struct timeval second = { .tv_sec = 1 };
    socklen_t length;
    struct sockaddr_storage a = listen_address(o->bind, o->port, true, &length);
    char head[sizeof "HTTP/1.0 200"] = "";
    int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return false;
    buf_format(&ask, "GET %s/healthz HTTP/1.0\r\n\r\n", path_base(base));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
    bool good = buf_ok(&ask) && !connect(fd, (struct sockaddr *)&a, length) &&
                send(fd, ask.data, ask.len, MSG_NOSIGNAL) == (ssize_t)ask.len &&
                recv(fd, head, sizeof head - 1, MSG_WAITALL) == sizeof head - 1 &&
                str_begins(str_of(head), "HTTP/1.") && str_is(str_of(head + 8), " 200");
    close(fd);
    buf_free(&ask);
    return good;
}
