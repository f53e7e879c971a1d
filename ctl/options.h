/* SPDX-License-Identifier: MIT
 * The options of globesctl's subcommands, read once.
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { OPTION_FILES_MAX = 16 };

/* All texts are borrowed from argv. */
struct options {
    int port;
    const char *bind;                  /* an IP address */
    const char *data;                  /* NULL where it was not given and the subcommand can do without */
    const char *programs;              /* NULL: to be looked for */
    const char *httpd_conf;            /* likewise */
    char *files[OPTION_FILES_MAX + 1]; /* NULL-ended */
    size_t files_n;
};

/* all: every option is taken, as `run` does; else --data and -f. False: what is wrong was said on stderr:
 * CTL_USAGE. */
bool options_read(struct options *o, bool all, int argc, char **argv);

#endif
