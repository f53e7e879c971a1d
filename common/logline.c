/* SPDX-License-Identifier: MIT
 * Log lines. Built in fixed memory, so that running out of it can still be told; longer ones are cut. What
 * could forge a second line or speak to a terminal is replaced. Called from everywhere; errno stays as it
 * was.
 */
#include "common/logline.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/fold.h"

enum { LINE_SIZE = 1024, TEXT_SIZE = 900 };

struct line {
    char data[LINE_SIZE];
    size_t len;
    bool cut; /* something did not fit: nothing more is added but the end */
};

static const char *log_program;
static enum log_level log_least = LEVEL_INFO;
static bool log_as_json;

void log_open(const char *program, enum log_level least, bool as_json)
{
    log_program = program;
    log_least = least;
    log_as_json = as_json;
}

static void put(struct line *line, const char *p, size_t n)
{
    enum { END_SIZE = sizeof "...\"}\n" };

    if (line->cut || n > LINE_SIZE - END_SIZE - line->len) {
        line->cut = true;
        return;
    }
    memcpy(line->data + line->len, p, n);
    line->len += n;
}

static void put_text(struct line *line, const char *s)
{
    put(line, s, strlen(s));
}

/* The length of the harmless character at p; 0: a control character, one that turns or breaks lines, or no
 * UTF-8. */
static size_t harmless(const char *p, size_t n)
{
    uint8_t first = (uint8_t)*p;
    size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    return length <= n && fold_clean((struct str){ p, length }) ? length : 0;
}

static void put_harmless(struct line *line, struct str s)
{
    while (s.n) {
        size_t n = harmless(s.p, s.n);

        if (log_as_json && (*s.p == '"' || *s.p == '\\'))
            put(line, (char[]){ '\\', *s.p }, 2);
        else
            put(line, n ? s.p : "?", n ? n : 1);
        n += !n;
        s.p += n;
        s.n -= n;
    }
}

static void begin(struct line *line, enum log_level level)
{
    static const char *const words[][2] = {
        { "DEBUG", "debug" }, { "INFO", "info" }, { "WARN", "warn" }, { "ERROR", "error" }
    };
    char bytes[32];
    struct buf time = { .data = bytes, .size = sizeof bytes }; /* a time fits: it never grows */

    if (!log_as_json) {
        put_text(line, words[level][0]);
        if (log_program) {
            put_text(line, " ");
            put_text(line, log_program);
        }
        put_text(line, ": ");
        return;
    }
    buf_time(&time, clock_wall_ms());
    put_text(line, "{\"time\":\"");
    put_text(line, bytes);
    put_text(line, "\",\"level\":\"");
    put_text(line, words[level][1]);
    put_text(line, "\",\"program\":\"");
    put_harmless(line, str_of(log_program ? log_program : ""));
    put_text(line, "\",\"text\":\"");
}

static void finish(struct line *line)
{
    int n = snprintf(line->data + line->len, LINE_SIZE - line->len, "%s%s\n", line->cut ? "..." : "",
                     log_as_json ? "\"}" : "");

    line->len += (size_t)n;
    while (write(STDERR_FILENO, line->data, line->len) < 0 && errno == EINTR)
        ;
}

/* error is the errno to be told; 0: none. */
static void emit(enum log_level level, int error, const char *fmt, va_list args)
{
    int saved = errno, n;
    struct line line = { .len = 0 };
    char text[TEXT_SIZE];

    if (level < log_least)
        return;
    n = vsnprintf(text, sizeof text, fmt, args);
    if (n < 0)
        n = snprintf(text, sizeof text, "%s", fmt);
    if (error && n < TEXT_SIZE) {
        errno = error;
        n += snprintf(text + n, sizeof text - (size_t)n, ": %m");
    }
    begin(&line, level);
    put_harmless(&line, (struct str){ text, n < TEXT_SIZE ? (size_t)n : TEXT_SIZE - 1 });
    line.cut |= n >= TEXT_SIZE;
    finish(&line);
    errno = saved;
}

#define EMIT(level, error)                 \
    do {                                   \
        va_list args;                      \
                                           \
        va_start(args, fmt);               \
        emit((level), (error), fmt, args); \
        va_end(args);                      \
    } while (0)

void log_error(const char *fmt, ...)
{
    EMIT(LEVEL_ERROR, 0);
}

void log_warn(const char *fmt, ...)
{
    EMIT(LEVEL_WARN, 0);
}

void log_info(const char *fmt, ...)
{
    EMIT(LEVEL_INFO, 0);
}

void log_debug(const char *fmt, ...)
{
    EMIT(LEVEL_DEBUG, 0);
}

void log_errno(const char *fmt, ...)
{
    EMIT(LEVEL_ERROR, errno);
}
