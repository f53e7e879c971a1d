/* SPDX-License-Identifier: MIT
 * The daemons' options; see program.h.
 */
#include "common/program.h"

#include <getopt.h>

int program_options(int argc, char **argv, const char *name, const char *usage, char **files)
{
    static const struct option longs[] = { { "help", no_argument, NULL, 'h' },
                                           { "version", no_argument, NULL, 'V' },
                                           { 0 } };
    int c;

    *files = NULL;
    while ((c = getopt_long(argc, argv, "f:", longs, NULL)) != -1) {
        if (c == 'h')
            return fputs(usage, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        if (c == 'V')
            return printf("%s %s\n", name, GLOBES_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        if (c != 'f')
            break;
        *files++ = optarg;
        *files = NULL;
    }
    if (c == -1 && optind == argc)
        return -1;
    fputs(usage, stderr);
    return PROGRAM_EXIT_USAGE;
}
