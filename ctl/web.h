/* SPDX-License-Identifier: MIT
 * What `globesctl check` says of the web server's side: whether globes.fcgi answers, and whether an installed
 * lighttpd knows of Globes and may connect to it.
 */
#ifndef CTL_WEB_H
#define CTL_WEB_H

#include "ctl/view.h"

/* Puts a sentence into text. False: it does not answer. */
bool web_fcgi(const struct view *v, struct buf *text);

/* Whether there is a lighttpd to be looked at; with --data it is globesctl's own, and there is nothing to see. */
bool web_has_lighttpd(const struct view *v);
/* Puts a sentence into text. False: something is to be done. */
bool web_lighttpd(const struct view *v, struct buf *text);

#endif
