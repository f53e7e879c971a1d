/* SPDX-License-Identifier: MIT
 * The daemons' options; see program.h.
 */
#include "common/program.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <sys/resource.h>

int program_say(const char *format, ...)
{
    va_list args;
    int said;

    va_start(args, format);
    said = vprintf(format, args);
    va_end(args);
    return said < 0 || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int program_try_help(const char *name)
{
    fprintf(stderr, "Try '%s --help'.\n", name);
    return PROGRAM_EXIT_USAGE;
}

int program_options(int argc, char **argv, const char *name, const char *usage, char **files)
{
    static const struct option longs[] = { { "help", no_argument, NULL, 'h' },
                                           { "version", no_argument, NULL, 'V' },
                                           { 0 } };
    int c;

    if (argc > 0)
        argv[0] = program_invocation_short_name; /* getopt begins its sentences with it */
    *files = NULL;
    while ((c = getopt_long(argc, argv, "f:h", longs, NULL)) != -1) {
        if (c == 'h')
            return program_say("%s", usage);
        if (c == 'V')
            return program_say("%s %s\n", name, GLOBES_VERSION);
        if (c != 'f')
            return program_try_help(name);
        *files++ = optarg;
        *files = NULL;
    }
    if (optind == argc)
        return -1;
    fprintf(stderr, "%s: one argument too many: %s\n", name, argv[optind]);
    return program_try_help(name);
}

void program_no_core(void)
{
    struct rlimit core;

    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &core);
    }
}
