/* SPDX-License-Identifier: MIT
 * globesctl run: prepares folder, secret, settings and sockets, one after the other, and hands over to the
 * loop of supervise.c. Whatever fails here ends with one sentence, before anything was started.
 */
#include "ctl/ctl.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/logline.h"
#include "common/secret.h"
#include "ctl/environment.h"
#include "ctl/find.h"
#include "ctl/httpd.h"
#include "ctl/listen.h"
#include "ctl/supervise.h"

enum { ARGS_MAX = 2 * OPTION_FILES_MAX + 3, FDS_MAX = 262144 };

struct run {
    struct options options;
    struct place place;
    struct parts parts;
    struct settings settings;
    bool settings_read;
    const char *relay_socket, *control_socket; /* of the settings */
    struct httpd httpd;
    char *program_args[2][ARGS_MAX];
    char *httpd_args[5];
    struct supervisor supervisor;
};

/* Each socket takes a descriptor, and children inherit what we may have. */
static void raise_fd_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= FDS_MAX)
        return;
    limit.rlim_cur = limit.rlim_max < FDS_MAX ? limit.rlim_max : FDS_MAX;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        log_errno("the limit of open files stays as it is");
}

static bool read_settings(struct run *r, struct buf *why)
{
    if (!environment_settings(&r->supervisor.environment, &r->settings, &r->options, &r->place, why))
        return false;
    r->settings_read = true;
    r->relay_socket = settings_unix_path(r->settings.relay_listen);
    r->control_socket = settings_unix_path(r->settings.control_socket);
    if (!r->relay_socket || !r->control_socket) {
        buf_text(why, "under globesctl run, relay_listen and control_socket must be unix:PATH");
        return false;
    }
    return true;
}

/* What it prints is for people and programs that wait for "started" lines: those always come. */
static void open_log(const struct settings *s)
{
    enum log_level least = (enum log_level)s->log_level;

    log_open("globesctl", least < LEVEL_INFO ? least : LEVEL_INFO, s->log_format != 0);
}

static void program_args(struct run *r, int which, char *path)
{
    static char dash_f[] = "-f", no_file[] = "/dev/null";
    char **args = r->program_args[which];
    size_t n = 0;

    args[n++] = path;
    for (size_t i = 0; i < r->options.files_n; i++) {
        args[n++] = dash_f;
        args[n++] = r->options.files[i];
    }
    if (!r->options.files_n) {
        args[n++] = dash_f;
        args[n++] = no_file;
    }
    args[n] = NULL;
}

/* Read at once too: what the programs would refuse is better said before they are started. */
static bool make_secret(const struct run *r, struct buf *why)
{
    struct secrets secrets;

    if (!secrets_make(r->settings.secret_file, why) || !secrets_read(&secrets, r->settings.secret_file, why))
        return false;
    secrets_wipe(&secrets);
    return true;
}

/* A taken port leaves no DATA behind where there was none; where there is one, it is said first who works in it. */
static bool open_place(struct run *r, struct buf *why)
{
    const struct options *o = &r->options;

    if (access(r->place.data, F_OK))
        return listen_port_free(o->bind, o->port, why) && place_open(&r->place, why);
    return place_open(&r->place, why) && listen_port_free(o->bind, o->port, why);
}

static bool open_sockets(struct run *r, struct buf *why)
{
    struct child *c = r->supervisor.child;

    c[CHILD_FCGI].socket = listen_unix(r->place.fcgi_socket, why);
    if (c[CHILD_FCGI].socket < 0)
        return false;
    c[CHILD_RELAY].socket = listen_unix(r->relay_socket, why);
    return c[CHILD_RELAY].socket >= 0;
}

static void name_children(struct run *r)
{
    static char foreground[] = "-D", dash_f[] = "-f";
    struct child *c = r->supervisor.child;

    program_args(r, CHILD_FCGI, r->parts.fcgi);
    program_args(r, CHILD_RELAY, r->parts.relay);
    r->httpd_args[0] = r->httpd.program;
    r->httpd_args[1] = foreground;
    r->httpd_args[2] = dash_f;
    r->httpd_args[3] = r->httpd.main_file;
    c[CHILD_FCGI].name = "globes.fcgi";
    c[CHILD_FCGI].argv = r->program_args[CHILD_FCGI];
    c[CHILD_FCGI].socket_kind = CHILD_SOCKET_STDIN;
    c[CHILD_RELAY].name = "globes-relay";
    c[CHILD_RELAY].argv = r->program_args[CHILD_RELAY];
    c[CHILD_RELAY].socket_kind = CHILD_SOCKET_LISTEN_FDS;
    c[CHILD_HTTPD].name = "lighttpd";
    c[CHILD_HTTPD].argv = r->httpd_args;
}

/* The exit code; CTL_OK: all is there to begin. */
static int prepare(struct run *r, struct buf *why)
{
    struct supervisor *s = &r->supervisor;

    if (!place_name(&r->place, r->options.data, why))
        return CTL_FAILED;
    if (!read_settings(r, why))
        return CTL_SETTINGS;
    open_log(&r->settings);
    raise_fd_limit();
    if (!find_parts(&r->parts, &r->options, why) || !open_place(r, why) ||
        !httpd_prepare(&r->httpd, &r->place, &r->options, &r->parts, &r->settings, r->relay_socket, why) ||
        !make_secret(r, why) || !open_sockets(r, why))
        return CTL_FAILED;
    name_children(r);
    s->options = &r->options;
    s->drain_ms = r->settings.drain_time;
    s->base = r->settings.base_path;
    s->control = control_new(r->control_socket);
    if (s->control)
        return CTL_OK;
    buf_text(why, "out of memory");
    return CTL_FAILED;
}

static void clean_up(struct run *r)
{
    struct supervisor *s = &r->supervisor;

    for (int i = 0; i < CHILDREN; i++)
        if (s->child[i].socket >= 0)
            close(s->child[i].socket);
    if (s->child[CHILD_FCGI].socket >= 0)
        unlink(r->place.fcgi_socket);
    if (s->child[CHILD_RELAY].socket >= 0) {
        unlink(r->relay_socket);
        unlink(r->control_socket); /* where a killed relay left it */
    }
    control_free(s->control);
    place_close(&r->place);
    if (r->settings_read)
        settings_free(&r->settings);
    environment_free(s->environment);
}

int ctl_run(int argc, char **argv)
{
    struct run r = { .place.lock = -1 };
    struct buf why = { 0 };

    if (!options_read(&r.options, true, argc, argv))
        return CTL_USAGE;
    for (int i = 0; i < CHILDREN; i++)
        r.supervisor.child[i].socket = -1;
    umask(0007); /* as the service units do: what the programs make is for owner and group alone */
    supervise_signals(&r.supervisor);
    int code = prepare(&r, &why);
    if (code == CTL_OK)
        code = supervise(&r.supervisor);
    else
        log_error("%.*s", (int)why.len, buf_all(&why).p);
    buf_free(&why);
    clean_up(&r);
    return code;
}
