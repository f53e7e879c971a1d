/* SPDX-License-Identifier: MIT
 * The file of master secrets. Nothing here ever prints one, and what held one is wiped. Called at start-up
 * and by globesctl.
 */
#include "common/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/key.h"

/* Of the file: all secrets with their line ends, and as much again for empty lines. */
enum { FILE_MAX = 2 * SECRETS_MAX * (SECRET_MAX + 2) };

static bool refuse(struct buf *why, const char *path, const char *what)
{
    buf_format(why, "secret file %s %s", path, what);
    return false;
}

/* errno says what. */
static bool refuse_errno(struct buf *why, const char *path, const char *what)
{
    buf_format(why, "secret file %s %s: %m", path, what);
    return false;
}

/* ---- reading ---- */

static bool add(struct secrets *s, struct str line, const char *path, struct buf *why)
{
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    if (!line.n)
        return true;
    if (s->n == SECRETS_MAX)
        return refuse(why, path, "has more than 8 secrets");
    if (line.n < SECRET_MIN)
        return refuse(why, path, "has a secret of less than 32 bytes");
    if (line.n > SECRET_MAX)
        return refuse(why, path, "has a secret of more than 512 bytes");
    memcpy(s->list[s->n].bytes, line.p, line.n);
    s->list[s->n++].len = line.n;
    return true;
}
_Static_assert(SECRETS_MAX == 8 && SECRET_MIN == 32 && SECRET_MAX == 512, "the sentences above name them");

static bool private_file(int fd, const char *path, struct buf *why)
{
    struct stat st;

    if (fstat(fd, &st))
        return refuse_errno(why, path, "cannot be read");
    if (!S_ISREG(st.st_mode))
        return refuse(why, path, "is no regular file");
    if (st.st_mode & 007)
        return refuse(why, path, "is open to everyone: chmod o= it");
    return true;
}

/* -1: errno says why. */
static ssize_t read_all(int fd, char *to, size_t size)
{
    size_t n = 0;

    while (n < size) {
        ssize_t got = read(fd, to + n, size - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (!got)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

static bool read_lines(struct secrets *s, int fd, const char *path, struct buf *why)
{
    char text[FILE_MAX + 1];
    ssize_t n = read_all(fd, text, sizeof text);
    struct str rest = { text, n > 0 ? (size_t)n : 0 }, line;
    bool good = true;

    if (n < 0)
        good = refuse_errno(why, path, "cannot be read");
    else if (n > FILE_MAX)
        good = refuse(why, path, "is too large");
    while (good && str_next(&rest, '\n', &line))
        good = add(s, line, path, why);
    key_wipe(text, sizeof text);
    if (good && !s->n)
        return refuse(why, path, "has no secret");
    return good;
}

bool secrets_read(struct secrets *s, const char *path, struct buf *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a fifo must not hold us up */
    bool good;

    *s = (struct secrets){ 0 };
    if (fd < 0)
        return refuse_errno(why, path, "cannot be read");
    good = private_file(fd, path, why) && read_lines(s, fd, path, why);
    close(fd);
    if (!good)
        secrets_wipe(s);
    return good;
}

void secrets_wipe(struct secrets *s)
{
    key_wipe(s, sizeof *s);
}

/* ---- making ---- */

static bool write_secret(int fd)
{
    uint8_t bits[32];
    struct buf line = { 0 };
    bool good;

    key_random(bits, sizeof bits);
    buf_hex(&line, bits, sizeof bits);
    buf_char(&line, '\n');
    good = buf_ok(&line) && write(fd, line.data, line.len) == (ssize_t)line.len && !fsync(fd);
    key_wipe(bits, sizeof bits);
    if (line.data)
        key_wipe(line.data, line.len);
    buf_free(&line);
    return good;
}

/* So that the name outlives a power cut. */
static bool sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct buf folder = { 0 };
    bool good = false;
    int fd;

    if (slash)
        buf_bytes(&folder, path, (size_t)(slash - path) + 1);
    else
        buf_char(&folder, '.');
    fd = buf_ok(&folder) ? open(folder.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        good = !fsync(fd);
        close(fd);
    }
    buf_free(&folder);
    return good;
}

/* Whoever links first has made it; the others take that one. The name only ever shows a whole file. */
static bool make_at(char *temporary, const char *path)
{
    int fd = mkostemp(temporary, O_CLOEXEC), error;
    bool good;

    if (fd < 0)
        return false;
    good = write_secret(fd) && (!link(temporary, path) || errno == EEXIST) && sync_folder(path);
    error = errno;
    close(fd);
    unlink(temporary);
    errno = error;
    return good;
}

bool secrets_make(const char *path, struct buf *why)
{
    struct buf temporary = { 0 };
    struct stat st;
    bool good;

    if (!stat(path, &st))
        return true;
    buf_format(&temporary, "%s.XXXXXX", path);
    good = buf_ok(&temporary) && make_at(temporary.data, path);
    if (!good)
        refuse_errno(why, path, "cannot be made");
    buf_free(&temporary);
    return good;
}
