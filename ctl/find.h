/* SPDX-License-Identifier: MIT
 * Where the parts are that `globesctl run` starts and loads: beside globesctl in a build folder, or
 * installed.
 */
#ifndef CTL_FIND_H
#define CTL_FIND_H

#include <limits.h>

#include "ctl/options.h"
#include "common/buf.h"

struct parts {
    char fcgi[PATH_MAX], relay[PATH_MAX];
    char httpd_conf[PATH_MAX]; /* absolute: lighttpd reads relative ones from elsewhere */
    char web[PATH_MAX];        /* the page's files, in web/ beside the folder of httpd_conf; "": not there */
};

/* False: why has one sentence. */
bool find_parts(struct parts *parts, const struct options *o, struct buf *why);

#endif
