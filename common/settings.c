/* SPDX-License-Identifier: MIT
 * The table of settings, filled from defaults, files and the environment. The other settings_*.c know what
 * lines and values look like; here is who sets what, what is refused, and where it says so. Called once at a
 * program's start.
 */
#include "common/settings.h"

#include <errno.h>
#include <stdarg.h>

#include "common/fold.h"
#include "common/key.h"
#include "common/settings_file.h"
#include "common/settings_value.h"

enum { NEVER, NONE };

static const struct setting_spec specs[ROW_COUNT] = {
/* clang-format off */
#define SETTING(name, kind, preset, least, most, none, what) \
    { ROW_##name, #name, #kind, preset, least, most, what, KIND_##kind, none, offsetof(struct settings, name) },
#include "common/settings.def"
#undef SETTING
    /* clang-format on */
};

/* Where a row's value came from. pass counts what is read: the defaults, each file, the environment. */
struct settings_source {
    char *value, *origin;
    size_t pass;
};

struct load {
    struct settings *s;
    struct buf *why;
    size_t pass;
    const char *file; /* NULL: not in a file */
    size_t line;
    struct str variable; /* where it is not in a file either: a default */
};

/* What a sentence may repeat of a name that nobody knows. */
static struct str shown(struct str name)
{
    size_t n = 0;

    while (n < name.n && n < 64 && name.p[n] > ' ' && name.p[n] < 0x7f)
        n++;
    return (struct str){ name.p, n };
}

/* Begins a sentence; always false. */
static bool complain(const struct load *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool complain(const struct load *l, const char *fmt, ...)
{
    char text[512];
    va_list args;

    if (l->file)
        buf_format(l->why, "%s line %zu: ", l->file, l->line);
    else if (l->variable.p)
        buf_format(l->why, "%.*s in the environment: ", (int)l->variable.n, l->variable.p);
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    buf_text(l->why, text);
    return false;
}

static char *origin_text(const struct load *l)
{
    char *text = NULL;

    if (!l->file)
        return strdup(l->variable.p ? "environment" : "default");
    return asprintf(&text, "%s:%zu", l->file, l->line) < 0 ? NULL : text;
}

/* A row's value as text; lines that come to others stand under them. */
static char *value_text(const struct settings_source *source, struct str value, bool more)
{
    struct buf text = { 0 };

    if (more) {
        buf_text(&text, source->value);
        buf_char(&text, '\n');
    }
    buf_str(&text, value);
    buf_char(&text, '\0');
    if (buf_ok(&text))
        return text.data;
    buf_free(&text);
    return NULL;
}

static bool note_source(const struct load *l, struct settings_source *source, struct str value, bool more)
{
    char *text = value_text(source, value, more);
    char *origin = origin_text(l);

    if (!text || !origin) {
        free(text);
        free(origin);
        return complain(l, "out of memory");
    }
    free(source->value);
    free(source->origin);
    *source = (struct settings_source){ text, origin, l->pass };
    return true;
}

/* Text without control characters; lines may be parted in the environment. */
static bool printable(struct str value, bool lines)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];

        if (c == 0x7f || (c < 0x20 && !(lines && c == '\n')))
            return false;
    }
    return fold_utf8(value);
}

static bool set(const struct load *l, const struct setting_spec *spec, struct str value)
{
    struct settings_source *source = &l->s->source[spec->row];
    bool more = source->pass == l->pass;
    struct buf problem = { 0 };
    bool good;

    if (more && (spec->kind != KIND_LINES || str_is(value, "none") || !strcmp(source->value, "none")))
        return complain(l, "%s is set twice", spec->name);
    if (!value.n)
        return complain(l, "%s needs a value", spec->name);
    if (!printable(value, spec->kind == KIND_LINES))
        return complain(l, "%s has a value with control characters, or that is not UTF-8", spec->name);
    good = setting_value_put(spec, (char *)l->s + spec->at, value, more, &problem);
    if (!good)
        complain(l, "%s %.*s", spec->name, (int)problem.len, problem.data ? problem.data : "");
    buf_free(&problem);
    return good && note_source(l, source, value, more);
}

/* name as it stands in the table, or in capitals. */
static const struct setting_spec *find(struct str name, bool capitals)
{
    char word[64];

    if (!str_copy(word, sizeof word, name))
        return NULL;
    for (char *c = word; capitals && *c; c++) {
        if (*c >= 'a' && *c <= 'z')
            return NULL;
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (!strcmp(specs[i].name, word))
            return &specs[i];
    return NULL;
}

static bool load_defaults(struct load *l)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (!set(l, &specs[i], str_of(specs[i].preset)))
            return false;
    return true;
}

static bool load_lines(struct load *l, struct str text)
{
    struct settings_file f;
    enum settings_line got;

    settings_file_begin(&f, text);
    while ((got = settings_file_next(&f)) == LINE_SETTING) {
        const struct setting_spec *spec = find(f.name, f.snippet);
        struct str name = shown(f.name);

        l->line = f.line;
        if (!spec)
            return complain(l, "unknown setting `%s%.*s`", f.snippet ? "GLOBES_" : "", (int)name.n, name.p);
        if (!set(l, spec, f.value))
            return false;
    }
    l->line = f.line;
    return got == LINE_END || complain(l, "%s", f.problem);
}

static bool load_file(struct load *l, const char *path, bool may_be_absent)
{
    struct buf text = { 0 };
    bool good;

    l->pass++;
    l->file = path;
    good = settings_file_read(&text, path);
    if (good)
        good = load_lines(l, buf_all(&text));
    else if (errno == EFBIG)
        buf_format(l->why, "%s: a settings file has at most 1 MB", path);
    else if (errno == ENOENT && may_be_absent)
        good = true;
    else
        buf_format(l->why, "%s: cannot be read: %s", path, strerror(errno));
    l->file = NULL;
    buf_free(&text);
    return good;
}

static bool load_files(struct load *l, char *const *files)
{
    if (!files || !*files)
        return load_file(l, SETTINGS_FILE, true);
    for (; *files; files++)
        if (!load_file(l, *files, false))
            return false;
    return true;
}

static bool load_environment(struct load *l, char *const *environment)
{
    l->pass++;
    for (; environment && *environment; environment++) {
        struct str value = str_of(*environment), name;
        const struct setting_spec *spec;

        if (!str_begins(value, "GLOBES_") || !str_next(&value, '=', &name))
            continue;
        l->variable = shown(name);
        spec = find((struct str){ name.p + strlen("GLOBES_"), name.n - strlen("GLOBES_") }, true);
        if (!spec)
            return complain(l, "unknown setting");
        if (!set(l, spec, str_trim(value)))
            return false;
    }
    return true;
}

/* One sentence about two rows; always false. */
static bool clash(const struct load *l, size_t a, const char *verb, size_t b)
{
    const struct settings_source *source = l->s->source;

    buf_format(l->why, "%s (%s, %s) %s %s (%s, %s)", specs[a].name, source[a].value, source[a].origin, verb,
               specs[b].name, source[b].value, source[b].origin);
    return false;
}

static bool go_together(const struct load *l)
{
    const struct settings *s = l->s;

    if (s->hangup <= s->ping_interval)
        return clash(l, ROW_hangup, "must be longer than", ROW_ping_interval);
    if (s->message_max > s->frame_max)
        return clash(l, ROW_message_max, "must not be above", ROW_frame_max);
    if (s->token_max_age < s->token_lifetime)
        return clash(l, ROW_token_max_age, "must not be below", ROW_token_lifetime);
    if (!strcmp(s->relay_listen, s->control_socket))
        return clash(l, ROW_relay_listen, "must be another one than", ROW_control_socket);
    if (s->remote_user && !s->site.n)
        return clash(l, ROW_remote_user, "needs a site", ROW_site);
    return true;
}

bool settings_load(struct settings *s, char *const *files, char *const *environment, struct buf *why)
{
    struct load l = { .s = s, .why = why, .pass = 1 };

    *s = (struct settings){ .source = calloc(ROW_COUNT, sizeof *s->source) };
    if (s->source && load_defaults(&l) && load_files(&l, files) && load_environment(&l, environment) &&
        go_together(&l))
        return true;
    if (!s->source)
        buf_text(why, "out of memory");
    settings_free(s);
    return false;
}

void settings_free(struct settings *s)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        setting_value_free(specs[i].kind, (char *)s + specs[i].at);
        if (s->source) {
            free(s->source[i].value);
            free(s->source[i].origin);
        }
    }
    free(s->source);
    *s = (struct settings){ 0 };
}

size_t settings_count(void)
{
    return ROW_COUNT;
}

struct setting_row settings_row(const struct settings *s, size_t i)
{
    return (struct setting_row){
        .name = specs[i].name,
        .kind = specs[i].kind_word,
        .preset = specs[i].preset,
        .least = specs[i].least,
        .most = specs[i].most,
        .what = specs[i].what,
        .may_be_none = specs[i].may_be_none,
        .value = s->source[i].value,
        .origin = s->source[i].origin,
    };
}

void settings_mark(const struct settings *s, size_t i, uint8_t mark[SETTING_MARK_SIZE])
{
    uint8_t digest[KEY_SIZE];

    key_sha256(digest, str_of(s->source[i].value));
    memcpy(mark, digest, SETTING_MARK_SIZE);
}

const char *settings_unix_path(const char *value)
{
    return str_begins(str_of(value), "unix:/") ? value + strlen("unix:") : NULL;
}
