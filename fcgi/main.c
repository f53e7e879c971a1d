/* SPDX-License-Identifier: MIT
 * globes.fcgi: the REST program, FastCGI on the listening socket that it gets as descriptor 0. Settings,
 * secrets, threads, in this order; what is wrong before the threads run ends it with one sentence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/logline.h"
#include "common/program.h"
#include "fcgi/request.h"
#include "fcgi/threads.h"

#define PROGRAM "globes.fcgi"

extern char **environ;

static const char usage[] =
    "Usage: " PROGRAM " [-f FILE]...\n"
    "Answers the REST calls of Globes by FastCGI on descriptor 0, a listening socket that the web\n"
    "server or `globesctl run` opens.\n"
    "  -f FILE    settings, or a web server's snippet with GLOBES_ lines; default " SETTINGS_FILE "\n"
    "  -h, --help this text\n"
    "  --version  the version\n";

static bool is_listening(int fd)
{
    int on = 0;
    socklen_t size = sizeof on;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0 && on;
}

static bool load(struct settings *settings, struct secrets *secrets, char **files, struct buf *why)
{
    if (!settings_load(settings, files, environ, why))
        return false;
    log_open(PROGRAM, (enum log_level)settings->log_level, settings->log_format);
    if (!settings_unix_path(settings->control_socket)) {
        buf_text(why, "control_socket must be unix:PATH");
        return false;
    }
    return secrets_read(secrets, settings->secret_file, why);
}

static int run(const struct settings *settings, const struct secrets *secrets)
{
    if (!is_listening(STDIN_FILENO)) {
        log_error("descriptor 0 is no listening socket; a web server or `globesctl run` opens it");
        return PROGRAM_EXIT_USAGE;
    }
    if (!wire_start()) {
        log_error("FastCGI cannot be started");
        return EXIT_FAILURE;
    }
    return threads_run(STDIN_FILENO, settings, secrets);
}

int main(int argc, char **argv)
{
    char **files = calloc((size_t)argc + 1, sizeof *files);
    struct settings settings = { 0 };
    struct secrets secrets = { 0 };
    struct buf why = { 0 };
    int status;

    if (!files)
        return EXIT_FAILURE;
    program_no_core();
    umask(0007); /* what it makes is shared with the relay's user by their group */
    log_open(PROGRAM, LEVEL_INFO, false);
    status = program_options(argc, argv, PROGRAM, usage, files);
    if (status < 0) {
        if (load(&settings, &secrets, files, &why)) {
            status = run(&settings, &secrets);
        } else {
            log_error("%s", why.data ? why.data : "no memory");
            status = PROGRAM_EXIT_SETTINGS;
        }
    }
    secrets_wipe(&secrets);
    settings_free(&settings);
    buf_free(&why);
    free(files);
    return status;
}
