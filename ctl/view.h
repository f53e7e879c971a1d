/* SPDX-License-Identifier: MIT
 * The settings as a subcommand that only looks sees them: with --data as `run` would make them for that
 * folder, else as an installed Globes reads them.
 */
#ifndef CTL_VIEW_H
#define CTL_VIEW_H

#include "ctl/environment.h"

struct view {
    struct options options;
    struct place place;
    char **environment;
    struct settings settings;
    bool settings_read;
};

/* The exit code; what is wrong was said on stderr. view_close() in any case. */
int view_open(struct view *v, int argc, char **argv);
void view_close(struct view *v);

/* Where a setting's value came from, as its owner knows it: "--data" where it follows from that. */
const char *view_origin(const struct view *v, const struct setting_row *row);

/* A setting's value as it may be shown: the password of a URI is not. */
void view_value(struct buf *out, const char *value);

#endif
