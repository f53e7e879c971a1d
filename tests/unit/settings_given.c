/* SPDX-License-Identifier: MIT
 * Settings that are loaded from texts: what the header says. Used by tests/unit/test_settings*.c alone.
 */
#include "tests/unit/settings_given.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

char given_folder[] = "/tmp/globes-settings-XXXXXX";

int given_open(void **state)
{
    (void)state;
    return mkdtemp(given_folder) ? 0 : -1;
}

int given_close(void **state)
{
    (void)state;
    return rmdir(given_folder);
}

static void write_file(const char *path, struct str text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    assert_int_equal(fclose(f), 0);
}

/* A copy that settings_load() would be free to write to, as it is with the real ones. */
static char **copy_of(const char *const *list)
{
    size_t n = 0;
    char **copy;

    while (list && list[n])
        n++;
    copy = calloc(n + 1, sizeof *copy);
    assert_non_null(copy);
    for (size_t i = 0; i < n; i++)
        assert_non_null(copy[i] = strdup(list[i]));
    return copy;
}

static void copy_free(char **copy)
{
    for (size_t i = 0; copy[i]; i++)
        free(copy[i]);
    free(copy);
}

void given_load(struct given *g, const char *const *paths, const char *const *environment)
{
    char **files = copy_of(paths), **variables = copy_of(environment);

    g->good = settings_load(&g->s, files, variables, &g->why);
    copy_free(files);
    copy_free(variables);
}

void load_texts(struct given *g, const struct str *text, const char *const *environment)
{
    const char *paths[FILES_MAX + 1] = { NULL };

    *g = (struct given){ 0 };
    for (size_t i = 0; text[i].p; i++) {
        assert_true(i < FILES_MAX);
        snprintf(g->path[i], sizeof g->path[i], "%s/%zu.conf", given_folder, i);
        write_file(g->path[i], text[i]);
        paths[i] = g->path[i];
    }
    given_load(g, paths, environment);
    for (size_t i = 0; paths[i]; i++)
        unlink(paths[i]);
}

void load(struct given *g, const char *text, const char *const *environment)
{
    load_texts(g, (struct str[]){ str_of(text ? text : ""), { 0 } }, environment);
}

void done(struct given *g)
{
    settings_free(&g->s);
    buf_free(&g->why);
}

void assert_good(const struct given *g)
{
    if (!g->good)
        fail_msg("refused: %s", g->why.data);
    assert_int_equal(g->why.len, 0);
}

void assert_says(const struct given *g, const char *prefix, const char *word)
{
    const char *says = g->why.data ? g->why.data : "";
    size_t path = prefix[0] == ' ' ? strlen(g->path[0]) : 0;

    if (g->good)
        fail_msg("taken, but should say: %s … %s", prefix, word);
    if (strncmp(says, g->path[0], path) || strncmp(says + path, prefix, strlen(prefix)) ||
        !strstr(says, word))
        fail_msg("\"%s\" is not \"%s … %s\"", says, prefix, word);
    assert_null(strchr(says, '\n'));
}

void assert_line_taken(const char *line)
{
    struct given g;

    load(&g, line, NULL);
    if (!g.good)
        fail_msg("refused: %s: %s", line, g.why.data);
    done(&g);
}

void assert_line_refused(const char *line, const char *word)
{
    struct given g;

    load(&g, line, NULL);
    if (g.good)
        fail_msg("taken: %s", line);
    assert_says(&g, " line 1: ", word);
    done(&g);
}

struct setting_row row_of(const struct settings *s, const char *name)
{
    for (size_t i = 0; i < settings_count(); i++)
        if (!strcmp(settings_row(s, i).name, name))
            return settings_row(s, i);
    fail_msg("no row %s", name);
    return (struct setting_row){ 0 };
}
