/* SPDX-License-Identifier: MIT
 * Everything between fork(2) and execve(2), and the back-off; who waits for children is supervise.c
 * (child.h).
 */
#include "ctl/child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/logline.h"
#include "ctl/environment.h"

enum { LISTEN_FD = 3, EXEC_FAILED = 127 };

/* The descriptor to be kept open over exec. */
static bool place_fd(int from, int to)
{
    if (from == to)
        return fcntl(from, F_SETFD, 0) == 0;
    return dup2(from, to) == to;
}

static bool place_descriptors(const struct child *c)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    /* The supervisor's stdout is for its one line alone. */
    if (null < 0 || !place_fd(STDERR_FILENO, STDOUT_FILENO))
        return false;
    if (!place_fd(c->socket_kind == CHILD_SOCKET_STDIN ? c->socket : null, STDIN_FILENO))
        return false;
    /* Last, as `null` may be this very number. */
    return c->socket_kind != CHILD_SOCKET_LISTEN_FDS || place_fd(c->socket, LISTEN_FD);
}

static void add_listen_fds(char **environment)
{
    static char fds[] = "LISTEN_FDS=1", pid[32];
    size_t n = 0;

    while (environment[n])
        n++;
    snprintf(pid, sizeof pid, "LISTEN_PID=%d", (int)getpid());
    environment[n++] = fds;
    environment[n] = pid;
}

static _Noreturn void become(const struct child *c, pid_t supervisor, char **environment)
{
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != supervisor) /* it died before the line above */
        _exit(EXEC_FAILED);
    setsid();
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (c->socket_kind == CHILD_SOCKET_LISTEN_FDS)
        add_listen_fds(environment);
    if (place_descriptors(c))
        execve(c->argv[0], c->argv, environment);
    log_errno("%s cannot be started", c->argv[0]);
    _exit(EXEC_FAILED);
}

void child_start(struct child *c, char *const *environment)
{
    pid_t supervisor = getpid();
    char **own = environment_copy(environment, 2);
    pid_t pid = own ? fork() : -1;

    if (pid == 0)
        become(c, supervisor, own);
    environment_free(own);
    c->started_ms = clock_mono_ms();
    if (pid > 0) {
        c->pid = pid;
        log_info("started %s pid=%d", c->name, (int)pid);
        return;
    }
    log_errno("%s cannot be started", c->name);
    c->due_ms = c->started_ms + CHILD_DELAY_MAX_MS;
}

const char *child_end_words(char out[64], int status)
{
    if (WIFSIGNALED(status))
        snprintf(out, 64, "ended by signal %d", WTERMSIG(status));
    else
        snprintf(out, 64, "ended with exit code %d", WEXITSTATUS(status));
    return out;
}

void child_ended(struct child *c, int status)
{
    int64_t now = clock_mono_ms();
    char words[64];

    c->pid = 0;
    if (!c->delay_ms || now - c->started_ms >= CHILD_STEADY_MS)
        c->delay_ms = CHILD_DELAY_MIN_MS;
    c->due_ms = now + c->delay_ms;
    log_warn("%s %s; starting it again in %" PRId64 " ms", c->name, child_end_words(words, status),
             c->delay_ms);
    c->delay_ms = c->delay_ms * 2 < CHILD_DELAY_MAX_MS ? c->delay_ms * 2 : CHILD_DELAY_MAX_MS;
}
