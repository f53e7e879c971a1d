/* SPDX-License-Identifier: MIT
 * Where globesctl begins: one row for each subcommand, and the help made of them.
 */
#include "ctl/ctl.h"

#include "common/logline.h"
#include "common/program.h"
#include "common/str.h"

static int help(int argc, char **argv);

static const struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments, *what;
} subcommands[] = {
    { "run", ctl_run,
      "[--port 8080] [--bind 127.0.0.1] [--data ./data] [--programs DIR] [--httpd-conf FILE] [-f FILE]...",
      "starts globes.fcgi, globes-relay and lighttpd, and keeps them running until Ctrl-C" },
    { "check", ctl_check, "[--data DIR] [-f FILE]...",
      "says whether settings, secret, store and relay are as they should be" },
    { "settings", ctl_settings, "[--data DIR] [-f FILE]...",
      "lists every setting, its value and where that came from" },
    { "rooms", ctl_rooms,
      "list | make TITLE [--visibility WORD] [--description TEXT] | owner ID | remove ID [--data DIR] [-f "
      "FILE]...",
      "shows, makes and removes rooms; `owner` prints a new owner token; a password is read from standard "
      "input" },
    { "help", help, "", "this text" },
};

enum { SUBCOMMANDS = sizeof subcommands / sizeof *subcommands };

static void usage(FILE *out)
{
    fprintf(out, "Usage: globesctl COMMAND [OPTIONS]\n");
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        fprintf(out, "\n  globesctl %s %s\n      %s\n", subcommands[i].name, subcommands[i].arguments,
                subcommands[i].what);
    fprintf(
        out,
        "\n-f names a file of settings (default: /etc/globes/globes.conf) and may be given several times.\n"
        "--data DIR stands for the settings that `run` makes of that folder.\n"
        "Exit codes: 0 all is well, 1 something failed, 2 wrong usage, 78 wrong settings.\n");
}

static int help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    usage(stdout);
    return CTL_OK;
}

static bool asks_for_help(const char *word)
{
    return str_is(str_of(word), "--help") || str_is(str_of(word), "-h");
}

int main(int argc, char **argv)
{
    log_open("globesctl", LEVEL_INFO, false);
    if (argc < 2) {
        usage(stderr);
        return CTL_USAGE;
    }
    struct str name = str_of(argv[1]);
    if (str_is(name, "--version")) {
        printf("globesctl %s\n", GLOBES_VERSION);
        return CTL_OK;
    }
    if (asks_for_help(argv[1]) || (argc > 2 && asks_for_help(argv[2]))) /* of a subcommand: the same */
        return help(argc, argv);
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        if (str_is(name, subcommands[i].name))
            return subcommands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "globesctl: there is no command %s\n", argv[1]);
    usage(stderr);
    return CTL_USAGE;
}
