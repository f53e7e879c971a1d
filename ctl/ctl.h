/* SPDX-License-Identifier: MIT
 * globesctl, the site owner's tool: what its subcommands share. Each subcommand is one file with one
 * function, named in the table of main.c; it is given the arguments that follow its name and returns the exit
 * code.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

/* The last two are those of sysexits.h. Who returns CTL_USAGE has said what is wrong; main.c adds where help is. */
enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 64, CTL_SETTINGS = 78 };

int ctl_run(int argc, char **argv);
int ctl_check(int argc, char **argv);
int ctl_settings(int argc, char **argv);
int ctl_secret(int argc, char **argv);
int ctl_rooms(int argc, char **argv);

#endif
