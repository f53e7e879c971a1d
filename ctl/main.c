/* SPDX-License-Identifier: MIT
 * Where globesctl begins: one row for each subcommand. The row makes its help; --help, --version and the end of
 * wrong usage are the same for all of them and are done here.
 */
#include "ctl/ctl.h"

#include "common/logline.h"
#include "common/program.h"
#include "common/str.h"

#define PLACE_OPTION \
    "  --data DIR           stands for the settings that `globesctl run` makes of that folder\n"

static int help(int argc, char **argv);

static const struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments, *what;
    const char *options; /* a line each; those of COMMON_OPTIONS follow */
} subcommands[] = {
    { "run", ctl_run,
      "[--port 8080] [--bind 127.0.0.1] [--data ./data] [--programs DIR] [--httpd-conf FILE] [-f FILE]...",
      "starts globes.fcgi, globes-relay and lighttpd, and keeps them running until Ctrl-C",
      "  --port PORT          where lighttpd listens; default 8080\n"
      "  --bind ADDRESS       of this machine; default 127.0.0.1\n"
      "  --data DIR           where rooms, messages, secret and sockets are; default ./data\n"
      "  --programs DIR       where globes.fcgi and globes-relay are, if not beside globesctl or installed\n"
      "  --httpd-conf FILE    lighttpd's configuration of Globes\n" },
    { "check", ctl_check, "[--data DIR] [-f FILE]...",
      "says whether settings, secret, store, both programs and lighttpd are as they should be",
      PLACE_OPTION },
    { "settings", ctl_settings, "[--data DIR] [-f FILE]...",
      "lists every setting, its value and where that came from", PLACE_OPTION },
    { "secret", ctl_secret, "[--data DIR] [-f FILE]...",
      "makes the secret_file where there is none; as root: for root and the group globes", PLACE_OPTION },
    { "rooms", ctl_rooms,
      "list | make TITLE [--visibility WORD] [--description TEXT] | owner ID [--end-tokens] | remove ID "
      "[--data DIR] [-f FILE]...",
      "shows, makes and removes rooms; `owner` prints a new owner token; a password is read from standard "
      "input",
      "  --visibility WORD    public, private or hidden; default public\n"
      "  --description TEXT   of the new room\n"
      "  --end-tokens         with owner: end every token of the room as well, as after a "
      "theft\n" PLACE_OPTION },
    { "help", help, "[COMMAND]", "says how a command is used", "" },
};

enum { SUBCOMMANDS = sizeof subcommands / sizeof *subcommands, NAME_SIZE = 64 };

#define COMMON_OPTIONS                                                                                   \
    "  -f FILE              settings; may be given several times. Without one /etc/globes/globes.conf\n" \
    "                       is read, but by run, and with --data, none\n"                                \
    "  -h, --help           this text\n"                                                                 \
    "  --version            the version\n"

static const struct subcommand *find(const char *name)
{
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        if (!strcmp(subcommands[i].name, name))
            return &subcommands[i];
    return NULL;
}

static int help_all(void)
{
    printf("Usage: globesctl COMMAND [OPTION]...\n"
           "The tool of a site's owner. Commands:\n\n");
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        printf("  globesctl %s %s\n      %s\n", subcommands[i].name, subcommands[i].arguments,
               subcommands[i].what);
    return program_say("\n"
                       "  -h, --help           this text; behind a command: how that one is used\n"
                       "  --version            the version\n\n"
                       "Exit status: 0 all is well, 1 something failed, %d wrong usage, %d wrong settings.\n",
                       CTL_USAGE, CTL_SETTINGS);
}

static int help_one(const struct subcommand *s)
{
    return program_say("Usage: globesctl %s %s\n%c%s.\n\n%s%s", s->name, s->arguments, s->what[0] - 'a' + 'A',
                       s->what + 1, s->options, s->run == help ? "" : COMMON_OPTIONS);
}

static int unknown(const char *name)
{
    fprintf(stderr, "globesctl: there is no command %s\n", name);
    return CTL_USAGE;
}

static int help(int argc, char **argv)
{
    const struct subcommand *s = argc > 1 ? find(argv[1]) : NULL;

    if (argc <= 1)
        return help_all();
    return s ? help_one(s) : unknown(argv[1]);
}

static bool is_help(const char *word)
{
    return !strcmp(word, "--help") || !strcmp(word, "-h");
}

/* Also where an option's value should be: nobody means a room's description by it. */
static bool asks(bool (*is)(const char *word), int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
        if (is(argv[i]))
            return true;
    return false;
}

static bool is_version(const char *word)
{
    return !strcmp(word, "--version");
}

static int say_version(void)
{
    return program_say("globesctl %s\n", GLOBES_VERSION);
}

static int run(const struct subcommand *s, int argc, char **argv)
{
    char name[NAME_SIZE];
    int code;

    if (asks(is_help, argc, argv))
        return help_one(s);
    if (asks(is_version, argc, argv))
        return say_version();
    snprintf(name, sizeof name, "globesctl %s", s->name);
    argv[0] = name; /* getopt begins its sentences with it */
    code = s->run(argc, argv);
    return code == CTL_USAGE ? program_try_help(name) : code;
}

int main(int argc, char **argv)
{
    const struct subcommand *s;

    log_open("globesctl", LEVEL_INFO, false);
    if (argc < 2) {
        fprintf(stderr, "globesctl: a command, please\n");
        return program_try_help("globesctl");
    }
    if (is_help(argv[1]))
        return help_all();
    if (is_version(argv[1]))
        return say_version();
    s = find(argv[1]);
    if (s)
        return run(s, argc - 1, argv + 1);
    unknown(argv[1]);
    return program_try_help("globesctl");
}
