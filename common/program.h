/* SPDX-License-Identifier: MIT
 * What the programs do alike before anything else: version, exit statuses, options, --help, wrong usage.
 */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#define GLOBES_VERSION "0.1.0"

enum {
    PROGRAM_EXIT_USAGE = 64,   /* sysexits.h: EX_USAGE */
    PROGRAM_EXIT_TAKEN = 75,   /* EX_TEMPFAIL: another relay has the data */
    PROGRAM_EXIT_SETTINGS = 78 /* EX_CONFIG: starting it again will not help */
};

/* A daemon's options: `-f FILE`s, -h, --help and --version. files: room for argc + 1 pointers, ended by NULL.
 * Returns -1 to go on, else the status to exit with; what there is to say is said. */
int program_options(int argc, char **argv, const char *name, const char *usage, char **files);

/* Prints to stdout; the status to exit with, which is a failure where the text did not get there. */
int program_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The line that follows what is wrong with a usage; always PROGRAM_EXIT_USAGE. name may have a subcommand. */
int program_try_help(const char *name);

/* Its memory holds secrets: nothing of it goes into a file when it crashes. Who has to look into a crash raises the
 * limit of the running program (prlimit --core). */
void program_no_core(void);

#endif
