/* SPDX-License-Identifier: MIT
 * The web server's side of `globesctl check` (web.h). globes.fcgi is asked as a web server would ask it; of
 * lighttpd its files are read, as Debian lays them out, and nothing is guessed: what they do not say is not
 * spoken of.
 */
#include "ctl/web.h"

#include <dirent.h>
#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/path.h"

/* Of the recipe and of the service units. */
#define FCGI_SOCKET   "/run/globes/fcgi.sock"
#define LIGHTTPD_CONF "/etc/lighttpd/lighttpd.conf"
#define ENABLED       "/etc/lighttpd/conf-enabled"

enum { ANSWER_S = 2, GROUPS_MAX = 256, LINE_MAX_BYTES = 1024, USER_MAX = 64 };

/* ---- globes.fcgi ---- */

static const char *fcgi_socket(const struct view *v)
{
    return v->options.data ? v->place.fcgi_socket : FCGI_SOCKET;
}

static void put_record(struct buf *out, char kind, struct str data)
{
    buf_bytes(out, (char[]){ 1, kind, 0, 1, (char)(data.n >> 8), (char)data.n, 0, 0 }, 8);
    buf_str(out, data);
}

static void put_param(struct buf *out, const char *name, const char *value)
{
    size_t n = strlen(value);

    buf_bytes(out, (char[]){ (char)strlen(name), (char)0x80, 0, (char)(n >> 8), (char)n }, 5);
    buf_text(out, name);
    buf_text(out, value);
}

/* GET /healthz by FastCGI: a responder, its parameters, no body. */
static void put_request(struct buf *out, const char *base)
{
    enum { BEGIN = 1, PARAMS = 4, STDIN = 5, RESPONDER = 1 };
    struct buf params = { 0 }, target = { 0 };

    buf_format(&target, "%s/healthz", path_base(base));
    put_param(&params, "REQUEST_METHOD", "GET");
    put_param(&params, "REQUEST_URI", buf_all(&target).p);
    put_record(out, BEGIN, (struct str){ (char[]){ 0, RESPONDER, 0, 0, 0, 0, 0, 0 }, 8 });
    put_record(out, PARAMS, buf_all(&params));
    put_record(out, PARAMS, STR(""));
    put_record(out, STDIN, STR(""));
    buf_free(&params);
    buf_free(&target);
}

static int connect_unix(const char *path)
{
    const struct timeval limit = { .tv_sec = ANSWER_S };
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = str_copy(a.sun_path, sizeof a.sun_path, str_of(path))
                 ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)
                 : -1;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (!connect(fd, (struct sockaddr *)&a, sizeof a))
        return fd;
    close(fd);
    return -1;
}

static bool fcgi_answers(const char *path, const char *base)
{
    static const char well[] = "Status: 200 ";
    enum { RECORD_HEAD = 8 };
    char answer[RECORD_HEAD + sizeof well - 1];
    struct buf ask = { 0 };
    int fd = connect_unix(path);
    bool good;

    if (fd < 0)
        return false;
    put_request(&ask, base);
    good = buf_ok(&ask) && send(fd, ask.data, ask.len, MSG_NOSIGNAL) == (ssize_t)ask.len &&
           recv(fd, answer, sizeof answer, MSG_WAITALL) == (ssize_t)sizeof answer &&
           !memcmp(answer + RECORD_HEAD, well, sizeof well - 1);
    close(fd);
    buf_free(&ask);
    return good;
}

bool web_fcgi(const struct view *v, struct buf *text)
{
    const char *path = fcgi_socket(v);
    bool good = fcgi_answers(path, v->settings.base_path);

    buf_format(text, good ? "answers at %s" : "globes.fcgi is not running: nobody answers at %s", path);
    return good;
}

/* ---- lighttpd ---- */

bool web_has_lighttpd(const struct view *v)
{
    return !v->options.data && !access(LIGHTTPD_CONF, R_OK);
}

static bool is_enabled(void)
{
    DIR *folder = opendir(ENABLED);
    const struct dirent *entry;
    bool good = false;

    while (folder && !good && (entry = readdir(folder)))
        good = !fnmatch("*globes.conf", entry->d_name, 0);
    if (folder)
        closedir(folder);
    return good;
}

/* server.username = "www-data" */
static bool read_user(char user[USER_MAX])
{
    FILE *file = fopen(LIGHTTPD_CONF, "re");
    char line[LINE_MAX_BYTES];
    bool good = false;

    while (file && !good && fgets(line, sizeof line, file)) {
        struct str rest = str_of(line), name, before, word;

        good = str_next(&rest, '=', &name) && str_is(str_trim(name), "server.username") &&
               str_next(&rest, '"', &before) && str_next(&rest, '"', &word) && rest.p &&
               str_copy(user, USER_MAX, word);
    }
    if (file)
        fclose(file);
    return good;
}

/* Whether the rights of a file let this user do it; may: the bits of others, as 2 to write. */
static bool lets(const char *path, const struct passwd *user, mode_t may)
{
    gid_t groups[GROUPS_MAX];
    int n = GROUPS_MAX;
    struct stat st;

    if (stat(path, &st))
        return true; /* not there, or not for us to see: others say so */
    if (!user->pw_uid)
        return true;
    if (st.st_uid == user->pw_uid)
        return st.st_mode & may << 6;
    if (getgrouplist(user->pw_name, user->pw_gid, groups, &n) < 0)
        return true;
    for (int i = 0; i < n; i++)
        if (groups[i] == st.st_gid)
            return st.st_mode & may << 3;
    return st.st_mode & may;
}

/* The socket, and the folder it is in. */
static bool may_connect(const char *path, const struct passwd *user)
{
    struct buf folder = { 0 };
    const char *slash = strrchr(path, '/');
    bool good;

    buf_bytes(&folder, path, slash && slash > path ? (size_t)(slash - path) : 1);
    good = lets(path, user, S_IWOTH) && (!buf_ok(&folder) || lets(folder.data, user, S_IXOTH));
    buf_free(&folder);
    return good;
}

bool web_lighttpd(const struct view *v, struct buf *text)
{
    const char *const sockets[] = { fcgi_socket(v), settings_unix_path(v->settings.relay_listen) };
    char name[USER_MAX];
    const struct passwd *user;

    if (!is_enabled()) {
        buf_text(text, "its configuration of Globes is not enabled: `lighty-enable-mod globes` does it");
        return false;
    }
    user = read_user(name) ? getpwnam(name) : NULL;
    for (size_t i = 0; user && i < 2; i++) {
        if (!sockets[i] || may_connect(sockets[i], user))
            continue;
        buf_format(text,
                   "its user %s may not connect to %s: see its group and rights, and those of its folder",
                   name, sockets[i]);
        return false;
    }
    buf_text(text, "its configuration of Globes is enabled");
    if (user)
        buf_format(text, ", and nothing keeps its user %s from the sockets", name);
    return true;
}
