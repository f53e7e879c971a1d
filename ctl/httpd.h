/* SPDX-License-Identifier: MIT
 * lighttpd under the supervisor: where it is, the main file written for it, and whether it answers. What
 * Globes needs of it is in httpd-conf/lighttpd/globes.conf, which that file includes.
 */
#ifndef CTL_HTTPD_H
#define CTL_HTTPD_H

#include "common/settings.h"
#include "ctl/find.h"
#include "ctl/options.h"
#include "ctl/place.h"

struct httpd {
    char program[PATH_MAX];
    char main_file[PATH_MAX];
};

/* Finds lighttpd and writes its files into the place. relay_socket: where the relay listens. False: why has one
 * sentence. */
bool httpd_prepare(struct httpd *h, const struct place *p, const struct options *o, const struct parts *parts,
                   const struct settings *settings, const char *relay_socket, struct buf *why);

/* GET /healthz (below base, the setting base_path) through lighttpd gives 200; waits two seconds at most. */
bool httpd_answers(const struct options *o, const char *base);

#endif
