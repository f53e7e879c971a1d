/* SPDX-License-Identifier: MIT
 * lighttpd under the supervisor: where it is, the main file written for it, and whether it answers. What
 * Globes needs of it is in httpd-conf/lighttpd/globes.conf, which that file includes.
 */
#ifndef CTL_HTTPD_H
#define CTL_HTTPD_H

#include "ctl/options.h"
#include "ctl/place.h"

struct httpd {
    char program[PATH_MAX];
    char main_file[PATH_MAX];
};

/* Finds lighttpd and writes its files into the place. conf: the file to be included; relay_socket: where the
 * relay listens; drain_ms: how long a stop may take. False: why has one sentence. */
bool httpd_prepare(struct httpd *h, const struct place *p, const struct options *o, const char *conf,
                   const char *relay_socket, int64_t drain_ms, struct buf *why);

/* GET /healthz through lighttpd gives 200; waits two seconds at most. */
bool httpd_answers(const struct options *o);

#endif
