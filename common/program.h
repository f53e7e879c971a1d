/* SPDX-License-Identifier: MIT
 * What the two daemons do alike before anything else: version, exit statuses, options.
 */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#define GLOBES_VERSION "0.1.0"

enum {
    PROGRAM_EXIT_USAGE = 64,   /* sysexits.h: EX_USAGE */
    PROGRAM_EXIT_TAKEN = 75,   /* EX_TEMPFAIL: another relay has the data */
    PROGRAM_EXIT_SETTINGS = 78 /* EX_CONFIG: starting it again will not help */
};

/* Reads `-f FILE`s, --help and --version. files: room for argc + 1 pointers, ended by NULL. Returns -1 to go
 * on, else the status to exit with; what there is to say is said. */
int program_options(int argc, char **argv, const char *name, const char *usage, char **files);

#endif
