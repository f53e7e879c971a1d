/* SPDX-License-Identifier: MIT
 * Plain sockets; nothing is accepted here (listen.h).
 */
#include "ctl/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    BACKLOG = 4096, /* people who wait in it while a program restarts */
    PORT_TRIES = 10,
    PORT_PAUSE_MS = 50
};

int listen_unix(const char *path, struct buf *why)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    struct stat st;

    if (!str_copy(a.sun_path, sizeof a.sun_path, str_of(path))) {
        buf_format(why, "%s is too long for a socket's path", path);
        return -1;
    }
    if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
        unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t before = umask(0117);
    bool bound = fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof a);
    umask(before);
    if (bound && !listen(fd, BACKLOG))
        return fd;
    buf_format(why, "%s cannot be listened on: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

struct sockaddr_storage listen_address(const char *bind, int port, bool to_connect, socklen_t *length)
{
    struct sockaddr_storage all = { 0 };
    struct sockaddr_in *v4 = (struct sockaddr_in *)&all;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&all;

    if (inet_pton(AF_INET, bind, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        if (to_connect && v4->sin_addr.s_addr == htonl(INADDR_ANY))
            v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        *length = sizeof *v4;
        return all;
    }
    inet_pton(AF_INET6, bind, &v6->sin6_addr);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    if (to_connect && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
        v6->sin6_addr = in6addr_loopback;
    *length = sizeof *v6;
    return all;
}

/* 0, or the errno of the refusal. */
static int try_port(const struct sockaddr_storage *a, socklen_t length)
{
    int yes = 1, error = 0;
    int fd = socket(a->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    /* As lighttpd does it: what lingers of an earlier run's connections is no hindrance. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (const struct sockaddr *)a, length) || listen(fd, 1))
        error = errno;
    close(fd);
    return error;
}

bool listen_port_free(const char *address, int port, struct buf *why)
{
    const struct timespec pause = { .tv_nsec = PORT_PAUSE_MS * 1000000 };
    socklen_t length;
    struct sockaddr_storage a = listen_address(address, port, false, &length);
    int error = try_port(&a, length);

    /* The lighttpd of a supervisor that was killed just now is dying, but may not be dead yet. */
    for (int i = 0; error == EADDRINUSE && i < PORT_TRIES; i++) {
        nanosleep(&pause, NULL);
        error = try_port(&a, length);
    }
    if (error == EADDRINUSE)
        buf_format(why, "port %d of %s is taken by another program: choose one with --port (make run PORT=…)",
                   port, address);
    else if (error)
        buf_format(why, "port %d of %s cannot be used: %s", port, address, strerror(error));
    return !error;
}
