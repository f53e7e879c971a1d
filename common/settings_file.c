/* SPDX-License-Identifier: MIT
 * Lines of settings files and snippets. A snippet is read by a web server too: what that could read otherwise
 * than we do (escapes, variables, words without quotes) is refused, so that both programs never get different
 * values from one line. Names and values are taken as they stand; settings.c knows them.
 */
#include "common/settings_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PREFIX "GLOBES_"

bool settings_file_read(struct buf *text, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;
    int e;

    if (fd < 0)
        return false;
    do {
        char *to = buf_room(text, SETTINGS_FILE_MAX / 16);

        errno = ENOMEM;
        n = to ? read(fd, to, SETTINGS_FILE_MAX / 16) : -1;
        if (n > 0)
            text->len += (size_t)n;
    } while ((n > 0 && text->len <= SETTINGS_FILE_MAX) || (n < 0 && errno == EINTR));
    e = n > 0 ? EFBIG : errno;
    close(fd);
    errno = e;
    return n == 0;
}

static bool blank(struct str s)
{
    return s.n && (s.p[0] == ' ' || s.p[0] == '\t');
}

static struct str behind(struct str s, size_t n)
{
    return (struct str){ s.p + n, s.n - n };
}

static bool has(struct str s, const char *word)
{
    return memmem(s.p, s.n, word, strlen(word)) != NULL;
}

/* Takes the quotes off, if both are there and none is between them. */
static bool unquote(struct str *s)
{
    if (s->n < 2 || s->p[0] != '"' || s->p[s->n - 1] != '"')
        return false;
    *s = (struct str){ s->p + 1, s->n - 2 };
    return !has(*s, "\"");
}

/* SetEnv GLOBES_X v, FcgidInitialEnv GLOBES_X v */
static bool shape_apache(struct str line, struct str *name, struct str *value)
{
    const char *word = str_begins(line, "SetEnv") ? "SetEnv" : "FcgidInitialEnv";
    size_t n = 0;

    if (!str_begins(line, word) || !blank(line = behind(line, strlen(word))))
        return false;
    line = str_trim(line);
    if (!str_begins(line, PREFIX))
        return false;
    while (n < line.n && line.p[n] != ' ' && line.p[n] != '\t')
        n++;
    *name = (struct str){ line.p, n };
    *value = str_trim(behind(line, n));
    if (!value->n || has(*value, "\\") || has(*value, "${"))
        return false;
    return unquote(value) ||
           !(has(*value, "\"") || has(*value, "'") || has(*value, " ") || has(*value, "\t"));
}

/* "GLOBES_X" => "v", */
static bool shape_lighttpd(struct str line, struct str *name, struct str *value)
{
    if (!str_begins(line, "\"" PREFIX) || line.p[line.n - 1] != ',')
        return false;
    line = behind(line, 1);
    line.n--;
    if (!str_next(&line, '"', name) || !line.p)
        return false;
    line = str_trim(line);
    if (!str_begins(line, "=>"))
        return false;
    *value = str_trim(behind(line, 2));
    return unquote(value);
}

static bool shape(struct str line, struct str *name, struct str *value)
{
    if (!shape_apache(line, name, value) && !shape_lighttpd(line, name, value))
        return false;
    *name = behind(*name, strlen(PREFIX));
    *value = str_trim(*value);
    return true;
}

/* One line without its end and the blanks around it; false at the end. */
static bool next_line(struct settings_file *f, struct str *line, bool *too_long)
{
    if (!f->rest.n || !str_next(&f->rest, '\n', line))
        return false;
    f->line++;
    *too_long = line->n > SETTINGS_LINE_MAX;
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    *line = str_trim(*line);
    return true;
}

void settings_file_begin(struct settings_file *f, struct str text)
{
    struct str line, name, value;
    bool too_long;

    *f = (struct settings_file){ .rest = text };
    while (!f->snippet && next_line(f, &line, &too_long))
        f->snippet = shape(line, &name, &value);
    f->rest = text;
    f->line = 0;
}

static enum settings_line bad(struct settings_file *f, const char *problem)
{
    f->problem = problem;
    return LINE_BAD;
}

enum settings_line settings_file_next(struct settings_file *f)
{
    struct str line;
    bool too_long;

    while (next_line(f, &line, &too_long)) {
        if (too_long)
            return bad(f, "the line has over 4096 bytes");
        if (!line.n || line.p[0] == '#')
            continue;
        if (!f->snippet) {
            f->value = line;
            if (!str_next(&f->value, '=', &f->name) || !f->value.p)
                return bad(f, "the line must be: name = value");
            f->name = str_trim(f->name);
            f->value = str_trim(f->value);
            return LINE_SETTING;
        }
        if (shape(line, &f->name, &f->value))
            return LINE_SETTING;
        if (has(line, PREFIX))
            return bad(
                f, "a line with GLOBES_ in it must be one of: SetEnv GLOBES_X v, FcgidInitialEnv GLOBES_X v, "
                   "\"GLOBES_X\" => \"v\",");
    }
    return LINE_END;
}
