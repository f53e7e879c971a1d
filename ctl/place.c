/* SPDX-License-Identifier: MIT
 * Paths are joined and measured here, so that nobody else has to; folders are only ever made, never removed
 * (place.h).
 */
#include "ctl/place.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool join(char out[PATH_MAX], const char *folder, const char *name, struct buf *why)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);

    if (n > 0 && n < PATH_MAX)
        return true;
    buf_format(why, "the path of DATA is too long: %s", folder);
    return false;
}

/* The folder may not be there yet, so realpath() cannot help. */
static bool make_absolute(char out[PATH_MAX], const char *path, struct buf *why)
{
    char here[PATH_MAX];
    struct str p = str_of(path);

    while (p.n > 1 && p.p[p.n - 1] == '/')
        p.n--;
    if (p.n > 2 && !memcmp(p.p, "./", 2))
        p = (struct str){ p.p + 2, p.n - 2 };
    if (*p.p == '/' && str_copy(out, PATH_MAX, p))
        return true;
    if (*p.p == '/' || !getcwd(here, sizeof here)) {
        buf_format(why, "the path of DATA cannot be made out: %s", path);
        return false;
    }
    if (str_is(p, "."))
        return str_copy(out, PATH_MAX, str_of(here));
    char name[PATH_MAX];
    return str_copy(name, sizeof name, p) && join(out, here, name, why);
}

static bool socket_fits(const char *path, struct buf *why)
{
    if (strlen(path) <= PLACE_SOCKET_MAX)
        return true;
    buf_format(why,
               "%s is longer than the %d bytes a socket's path may have: choose a DATA with a shorter path",
               path, PLACE_SOCKET_MAX);
    return false;
}

bool place_name(struct place *p, const char *data, struct buf *why)
{
    p->lock = -1;
    /* A quote or line end would end the text in the file that is written for lighttpd. */
    if (strpbrk(data, "\"\\\n\r")) {
        buf_text(why, "the path of DATA may not have quotes, backslashes or line ends in it");
        return false;
    }
    return make_absolute(p->data, data, why) && join(p->run, p->data, "run", why) &&
           join(p->secret, p->data, "secret", why) && join(p->fcgi_socket, p->run, "fcgi.sock", why) &&
           join(p->relay_socket, p->run, "relay.sock", why) &&
           join(p->control_socket, p->run, "control.sock", why) && socket_fits(p->control_socket, why);
}

static bool make_folder(const char *path, struct buf *why)
{
    struct stat st;

    if (mkdir(path, 0750) && errno != EEXIST) {
        buf_format(why, "%s cannot be made: %s", path, strerror(errno));
        return false;
    }
    if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
        buf_format(why, "%s is no folder", path);
        return false;
    }
    if (access(path, R_OK | W_OK | X_OK)) {
        buf_format(why, "%s cannot be written: %s", path, strerror(errno));
        return false;
    }
    return true;
}

static bool take_lock(struct place *p, struct buf *why)
{
    char path[PATH_MAX];

    if (!join(path, p->run, "lock", why))
        return false;
    p->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (p->lock < 0) {
        buf_format(why, "%s cannot be written: %s", path, strerror(errno));
        return false;
    }
    if (!flock(p->lock, LOCK_EX | LOCK_NB))
        return true;
    if (errno == EWOULDBLOCK)
        buf_format(why, "another globesctl run is at work in %s", p->data);
    else
        buf_format(why, "%s cannot be locked: %s", path, strerror(errno));
    close(p->lock);
    p->lock = -1;
    return false;
}

bool place_open(struct place *p, struct buf *why)
{
    return make_folder(p->data, why) && make_folder(p->run, why) && take_lock(p, why);
}

void place_close(struct place *p)
{
    if (p->lock < 0)
        return;
    close(p->lock);
    p->lock = -1;
}
