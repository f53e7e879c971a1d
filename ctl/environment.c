/* SPDX-License-Identifier: MIT
 * Settings are read twice: first to see what the owner has set, then with what follows from the folder
 * (environment.h).
 */
#include "ctl/environment.h"

#include <unistd.h>

enum { PLACE_SETTINGS = 5 };

static size_t length(char *const *list)
{
    size_t n = 0;

    while (list[n])
        n++;
    return n;
}

void environment_free(char **list)
{
    if (!list)
        return;
    for (size_t i = 0; list[i]; i++)
        free(list[i]);
    free(list);
}

char **environment_copy(char *const *list, size_t more)
{
    size_t n = length(list);
    char **copy = calloc(n + more + 1, sizeof *copy);

    for (size_t i = 0; copy && i < n; i++)
        if (!(copy[i] = strdup(list[i]))) {
            environment_free(copy);
            return NULL;
        }
    return copy;
}

static bool owner_has_set(const struct settings *s, const char *name)
{
    for (size_t i = 0; i < settings_count(); i++) {
        struct setting_row row = settings_row(s, i);
        if (str_is(str_of(row.name), name))
            return !str_is(str_of(row.origin), "default");
    }
    return false;
}

/* The list has room for them. */
static bool add_place(char **list, const struct settings *s, const struct place *p)
{
    const struct {
        const char *name, *variable, *before, *value;
    } row[PLACE_SETTINGS] = {
        { "store", "GLOBES_STORE", "sqlite:", p->data },
        { "secret_file", "GLOBES_SECRET_FILE", "", p->secret },
        { "relay_listen", "GLOBES_RELAY_LISTEN", "unix:", p->relay_socket },
        { "control_socket", "GLOBES_CONTROL_SOCKET", "unix:", p->control_socket },
        { "room", "GLOBES_ROOM", "", "Lobby|public|Say hello" },
    };
    size_t n = length(list);

    for (size_t i = 0; i < PLACE_SETTINGS; i++) {
        if (owner_has_set(s, row[i].name))
            continue;
        if (asprintf(&list[n], "%s=%s%s", row[i].variable, row[i].before, row[i].value) < 0) {
            list[n] = NULL;
            return false;
        }
        n++;
    }
    return true;
}

bool environment_of_place(char *const *list, const char *name)
{
    size_t n = strlen(name);

    /* Behind the copy of our own. */
    for (size_t i = length(environ); list[i]; i++) {
        const char *variable = list[i] + strlen("GLOBES_");
        if (!strncasecmp(variable, name, n) && variable[n] == '=')
            return true;
    }
    return false;
}

/* Without -f an installed /etc/globes/globes.conf must not leak into a place of its own. */
static char no_file[] = "/dev/null";
static char *const no_files[] = { no_file, NULL };

bool environment_settings(char ***list, struct settings *s, const struct options *o,
                          const struct place *place, struct buf *why)
{
    char *const *files = o->files;

    if (place && !o->files_n)
        files = no_files;
    *list = environment_copy(environ, PLACE_SETTINGS);
    if (!*list) {
        buf_text(why, "out of memory");
        return false;
    }
    if (!settings_load(s, files, *list, why))
        return false;
    if (!place)
        return true;
    bool added = add_place(*list, s, place);
    settings_free(s);
    if (!added)
        buf_text(why, "out of memory");
    return added && settings_load(s, files, *list, why);
}
