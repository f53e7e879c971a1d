/* SPDX-License-Identifier: MIT
 * Slots as byte locks of an open file description (slots.h): every thread opens the file for itself, so
 * threads of one process keep each other out as processes do.
 */
#include "fcgi/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/logline.h"

enum { RETRY_MS = 10 };

struct slots {
    struct buf path;
    int64_t jobs;
    int fd;       /* -1: not open */
    int64_t held; /* -1: none */
};

struct slots *slots_new(const char *beside, int64_t jobs)
{
    struct slots *s = calloc(1, sizeof *s);
    const char *slash = strrchr(beside, '/');

    if (!s)
        return NULL;
    s->jobs = jobs;
    s->fd = -1;
    s->held = -1;
    if (slash)
        buf_bytes(&s->path, beside, (size_t)(slash + 1 - beside));
    buf_text(&s->path, "hash.lock");
    if (!buf_ok(&s->path)) {
        slots_free(s);
        return NULL;
    }
    return s;
}

void slots_free(struct slots *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    buf_free(&s->path);
    free(s);
}

static bool set_lock(const struct slots *s, short type, int64_t slot)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = slot, .l_len = 1 };

    return fcntl(s->fd, F_OFD_SETLK, &lock) == 0;
}

static bool open_file(struct slots *s)
{
    if (s->fd >= 0)
        return true;
    s->fd = open(s->path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
    if (s->fd < 0)
        log_errno("%s cannot be opened", s->path.data);
    return s->fd >= 0;
}

/* No lock call has a time limit, so waiting is trying again; a hash takes several times as long as the pause.
 */
bool slots_take(struct slots *s, int64_t wait_ms)
{
    int64_t deadline = clock_mono_ms() + wait_ms;

    if (!open_file(s))
        return false;
    for (;;) {
        for (int64_t slot = 0; slot < s->jobs; slot++) {
            if (set_lock(s, F_WRLCK, slot)) {
                s->held = slot;
                return true;
            }
            if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
                log_errno("%s cannot be locked", s->path.data);
                return false;
            }
        }
        if (clock_mono_ms() >= deadline)
            return false;
        poll(NULL, 0, RETRY_MS);
    }
}

void slots_give(struct slots *s)
{
    if (s->held >= 0)
        set_lock(s, F_UNLCK, s->held);
    s->held = -1;
}
