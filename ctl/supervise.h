/* SPDX-License-Identifier: MIT
 * The supervisor's loop: starts its three children, starts again what ends, says once when all answer, and
 * ends them in order. Everything they need was prepared by run.c.
 */
#ifndef CTL_SUPERVISE_H
#define CTL_SUPERVISE_H

#include <signal.h>

#include "common/control.h"
#include "ctl/child.h"
#include "ctl/options.h"

enum { CHILD_FCGI, CHILD_RELAY, CHILD_HTTPD, CHILDREN };

struct supervisor {
    struct child child[CHILDREN];
    char **environment;
    const struct options *options;
    struct control *control;
    int64_t drain_ms; /* the setting drain_time */
    const char *base; /* base_path */
    sigset_t signals; /* blocked, and taken one by one; supervise_signals() sets it */
    int64_t begun_ms;
    bool ready, waiting_told;
    int exit_code;
};

/* Blocks the signals that the loop takes: from here on a Ctrl-C waits for it. */
void supervise_signals(struct supervisor *s);

/* Until a signal asks for the end, or a child finds its settings wrong. Nothing runs any more when it returns
 * the exit code. */
int supervise(struct supervisor *s);

#endif
