/* SPDX-License-Identifier: MIT
 * globesctl, the site owner's tool: what its subcommands share. Each subcommand is one file with one
 * function, named in the table of main.c; it is given the arguments that follow its name and returns the exit
 * code.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

/* CTL_SETTINGS is sysexits' EX_CONFIG: who restarts a program leaves it alone after that. */
enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_SETTINGS = 78 };

int ctl_run(int argc, char **argv);
int ctl_check(int argc, char **argv);
int ctl_settings(int argc, char **argv);
int ctl_rooms(int argc, char **argv);

#endif
