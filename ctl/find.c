/* SPDX-License-Identifier: MIT
 * Looks beside the running globesctl first, then where packages put things (find.h).
 */
#include "ctl/find.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSTALLED_PROGRAMS "/usr/lib/globes"
#define INSTALLED_CONF     "/usr/share/globes/httpd-conf/lighttpd/globes.conf"
#define CHECKOUT_CONF      "/httpd-conf/lighttpd/globes.conf"

enum { FOLDERS_UP = 3 }; /* from build/NAME/globesctl to the checkout */

static bool join(char out[PATH_MAX], const char *folder, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s%s", folder, name);

    return n > 0 && n < PATH_MAX;
}

static bool own_folder(char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);

    if (n <= 0)
        return false;
    out[n] = 0;
    *strrchr(out, '/') = 0;
    return true;
}

static bool programs_in(struct parts *parts, const char *folder)
{
    return join(parts->fcgi, folder, "/globes.fcgi") && join(parts->relay, folder, "/globes-relay") &&
           !access(parts->fcgi, X_OK) && !access(parts->relay, X_OK);
}

/* PREFIX/bin/globesctl and PREFIX/lib/globes. */
static bool programs_beside(struct parts *parts, const char *own)
{
    char folder[PATH_MAX];

    return join(folder, own, "/../lib/globes") && programs_in(parts, folder);
}

static bool find_programs(struct parts *parts, const struct options *o, const char *own, struct buf *why)
{
    if (o->programs ? programs_in(parts, o->programs)
                    : programs_in(parts, own) || programs_beside(parts, own) ||
                          programs_in(parts, INSTALLED_PROGRAMS))
        return true;
    buf_format(
        why,
        "globes.fcgi and globes-relay are not in %s: `make` builds them, --programs DIR says where they are",
        o->programs ? o->programs : own);
    return false;
}

/* Ours or root's: a stranger's file further up is not to be loaded. */
static bool trusted(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISREG(st.st_mode) && (st.st_uid == 0 || st.st_uid == geteuid());
}

static bool conf_of_checkout(char out[PATH_MAX], const char *own)
{
    char folder[PATH_MAX];

    if (!join(folder, own, ""))
        return false;
    for (int up = 0; up < FOLDERS_UP && strrchr(folder, '/'); up++) {
        *strrchr(folder, '/') = 0;
        if (join(out, folder, CHECKOUT_CONF) && trusted(out))
            return true;
    }
    return false;
}

static bool find_conf(struct parts *parts, const struct options *o, const char *own, struct buf *why)
{
    char beside[PATH_MAX];

    if (o->httpd_conf) {
        if (realpath(o->httpd_conf, parts->httpd_conf) && !access(parts->httpd_conf, R_OK))
            return true;
        buf_format(why, "%s cannot be read: %s", o->httpd_conf, strerror(errno));
        return false;
    }
    if (conf_of_checkout(parts->httpd_conf, own))
        return true;
    if (join(beside, own, "/../share/globes/httpd-conf/lighttpd/globes.conf") && trusted(beside) &&
        realpath(beside, parts->httpd_conf))
        return true;
    if (join(parts->httpd_conf, INSTALLED_CONF, "") && trusted(parts->httpd_conf))
        return true;
    buf_text(why, "lighttpd's globes.conf was not found: --httpd-conf FILE says where it is");
    return false;
}

/* Both in a checkout and where packages put them: …/httpd-conf/lighttpd/globes.conf and …/web. */
static void find_web(struct parts *parts)
{
    enum { UP = 3 };
    char folder[PATH_MAX], page[PATH_MAX];

    join(folder, parts->httpd_conf, "");
    for (int i = 0; i < UP && strrchr(folder, '/'); i++)
        *strrchr(folder, '/') = 0;
    if (!join(parts->web, folder, "/web") || !join(page, parts->web, "/page.js") || !trusted(page))
        parts->web[0] = 0;
}

bool find_parts(struct parts *parts, const struct options *o, struct buf *why)
{
    char own[PATH_MAX];

    if (!own_folder(own)) {
        buf_text(why, "/proc must be there");
        return false;
    }
    if (!find_programs(parts, o, own, why) || !find_conf(parts, o, own, why))
        return false;
    find_web(parts);
    return true;
}
