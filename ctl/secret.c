/* SPDX-License-Identifier: MIT
 * globesctl secret: makes the secret_file where there is none, as the service units do at their first start. One
 * that is there is looked at and never changed.
 */
#include "ctl/ctl.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/secret.h"
#include "ctl/view.h"

#define GROUP "globes" /* of both programs, where they are services */

/* Nobody but root could read a root's secret. */
static bool give_to_group(const char *path)
{
    const struct group *group = geteuid() == 0 ? getgrnam(GROUP) : NULL;

    return !group || (!chown(path, 0, group->gr_gid) && !chmod(path, 0640));
}

/* Made under another name: whoever finds the file can read all of it. Another one's that came first is as good. */
static bool make(const char *path, struct buf *why)
{
    char aside[PATH_MAX];
    int n = snprintf(aside, sizeof aside, "%s.%d", path, (int)getpid());
    bool good = false;

    if (n < 0 || n >= (int)sizeof aside) {
        buf_text(why, "the path of secret_file is too long");
        return false;
    }
    unlink(aside); /* of an earlier process with this number */
    if (!secrets_make(aside, why))
        return false;
    good = give_to_group(aside) && (!link(aside, path) || errno == EEXIST);
    if (!good)
        buf_format(why, "secret file %s cannot be made: %m", path);
    unlink(aside);
    return good;
}

static int make_and_read(const char *path, struct buf *why)
{
    struct secrets secrets;
    struct stat st;
    bool there = !stat(path, &st);

    if ((!there && !make(path, why)) || !secrets_read(&secrets, path, why))
        return CTL_FAILED;
    secrets_wipe(&secrets);
    printf("%s %s\n", path, there ? "is there" : "was made");
    return CTL_OK;
}

int ctl_secret(int argc, char **argv)
{
    struct view v;
    struct buf why = { 0 };
    int code = view_open(&v, argc, argv);

    if (code == CTL_OK)
        code = make_and_read(v.settings.secret_file, &why);
    if (why.len)
        fprintf(stderr, "globesctl: %.*s\n", (int)why.len, why.data);
    buf_free(&why);
    view_close(&v);
    return code;
}
