/* SPDX-License-Identifier: MIT
 * Listening sockets; see sockets.h.
 */
#include "relay/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/settings.h"

enum { FIRST_FD = 3, BACKLOG = 4096 };

size_t sockets_given(int *fds, size_t most)
{
    uint64_t pid = 0, count = 0;
    size_t n = 0;

    if (!str_to_u64(str_of(getenv("LISTEN_PID")), &pid) || pid != (uint64_t)getpid() ||
        !str_to_u64(str_of(getenv("LISTEN_FDS")), &count))
        return 0;
    for (int fd = FIRST_FD; n < count && n < most; fd++, n++) {
        fds[n] = fd;
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    return n;
}

static bool somebody_listens(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answered = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;

    if (fd >= 0)
        close(fd);
    return answered;
}

static int listen_unix(const char *path, struct buf *why)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd;

    if (!str_copy(at.sun_path, sizeof at.sun_path, str_of(path))) {
        buf_format(why, "%s: the path of a socket must be shorter than %zu bytes", path, sizeof at.sun_path);
        return -1;
    }
    if (somebody_listens(&at)) {
        buf_format(why, "%s: another program listens there", path);
        return -1;
    }
    unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && chmod(path, 0660) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    buf_format(why, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int listen_inet(const char *where, struct buf *why)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    struct str rest = str_of(where), host;
    char text[INET_ADDRSTRLEN];
    uint64_t port = 0;
    int fd, one = 1;

    if (!str_next(&rest, ':', &host) || !str_copy(text, sizeof text, host) ||
        inet_pton(AF_INET, text, &at.sin_addr) != 1 || !str_to_u64(rest, &port) || port > 65535) {
        buf_format(why, "%s: neither unix:/path nor address:port", where);
        return -1;
    }
    at.sin_port = htons((uint16_t)port);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    buf_format(why, "%s: %s", where, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

int sockets_listen(const char *where, struct buf *why)
{
    const char *path = settings_unix_path(where);

    return path ? listen_unix(path, why) : listen_inet(where, why);
}
