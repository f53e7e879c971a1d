/* SPDX-License-Identifier: MIT
 * globesctl check: explains to the site's owner what the programs would work with, and whether it is in
 * order. It asks; it makes and changes nothing, not even a store that is not there yet.
 */
#include "ctl/ctl.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/control.h"
#include "common/secret.h"
#include "common/store.h"
#include "ctl/view.h"
#include "ctl/web.h"

enum { ROOMS_PAGE = 200 };

static void line(const char *what, bool good, const char *text)
{
    printf("%-13s %s %s\n", what, good ? "ok:" : "WRONG:", text);
}

/* Prints and empties text. */
static bool tell(const char *what, bool good, struct buf *text)
{
    buf_char(text, 0);
    line(what, good, buf_all(text).p);
    buf_free(text);
    return good;
}

static void show_settings(const struct view *v)
{
    size_t changed = 0;

    printf("settings      ok: read from");
    for (size_t i = 0; i < v->options.files_n; i++)
        printf(" %s,", v->options.files[i]);
    if (!v->options.files_n && !v->options.data && !access(SETTINGS_FILE, R_OK))
        printf(" %s,", SETTINGS_FILE);
    printf(" the environment; those that differ from their defaults:\n");
    for (size_t i = 0; i < settings_count(); i++) {
        struct setting_row row = settings_row(&v->settings, i);
        if (!strcmp(row.origin, "default"))
            continue;
        struct buf value = { 0 };
        view_value(&value, row.value);
        printf("              %s = %s (%s)\n", row.name, buf_all(&value).p, view_origin(v, &row));
        buf_free(&value);
        changed++;
    }
    if (!changed)
        printf("              none\n");
}

/* With --data it is `globesctl run` that makes it. */
static void say_who_makes_it(const struct view *v, struct buf *text)
{
    if (access(v->settings.secret_file, F_OK) && errno == ENOENT)
        buf_text(text,
                 v->options.data ? "; `globesctl run` makes it" : "; as root, `globesctl secret` makes it");
}

static bool check_secret(const struct view *v)
{
    const struct settings *s = &v->settings;
    struct secrets secrets;
    struct stat st;
    struct buf text = { 0 };

    if (!secrets_read(&secrets, s->secret_file, &text)) {
        say_who_makes_it(v, &text);
        return tell("secret", false, &text);
    }
    mode_t mode = stat(s->secret_file, &st) ? 0 : st.st_mode & 07777;
    buf_format(&text, "%s holds %zu (the first signs); its rights are %04o", s->secret_file, secrets.n,
               (unsigned)mode);
    secrets_wipe(&secrets);
    return tell("secret", true, &text);
}

/* Opening would make an SQLite store, for the user who asks and not for the one that the programs run as. */
static bool nothing_stored(const char *url, bool *good, struct buf *text)
{
    struct buf path = { 0 };
    bool missing;

    *good = false;
    if (!str_begins(str_of(url), "sqlite:"))
        return false;
    buf_format(&path, "%s/rooms.db", url + strlen("sqlite:"));
    missing = buf_ok(&path) && access(path.data, F_OK);
    *good = missing && errno == ENOENT;
    if (*good)
        buf_format(text, "%s has nothing in it yet: the programs make it at their first start", url);
    else if (missing)
        buf_format(text, "%s cannot be read: %s", path.data, strerror(errno));
    buf_free(&path);
    return missing;
}

/* The rooms that lists show. */
static enum store_result count_rooms(struct store *store, int64_t *count)
{
    struct room_query q = { .limit = ROOMS_PAGE };
    struct room_list list;
    enum store_result result;
    size_t n;

    *count = 0;
    do {
        result = store_room_list(store, &q, &list);
        n = result == STORE_OK ? list.n : 0;
        *count += (int64_t)n;
        if (n)
            q.before_order = list.room[n - 1].order;
        room_list_free(&list);
    } while (n == ROOMS_PAGE);
    return result;
}

static bool check_store(const struct settings *s)
{
    struct store *store = NULL;
    struct buf text = { 0 };
    int64_t rooms;
    bool good;

    if (nothing_stored(s->store, &good, &text))
        return tell("store", good, &text);
    if (store_open(&store, s->store, STORE_READER, &text) != STORE_OK)
        return tell("store", false, &text);
    good = store_ping(store) == STORE_OK && count_rooms(store, &rooms) == STORE_OK;
    store_close(store);
    view_value(&text, s->store);
    if (good)
        buf_format(&text, " answers; %" PRId64 " rooms besides hidden ones", rooms);
    else
        buf_text(&text, " does not answer");
    return tell("store", good, &text);
}

static bool read_stats(struct str answer, struct buf *text)
{
    enum { PID, SOCKETS, ROOMS, PEOPLE, MEMBERS };
    struct json_member m[MEMBERS] = {
        { .name = "pid" }, { .name = "sockets" }, { .name = "rooms" }, { .name = "people" }
    };
    int64_t value[MEMBERS] = { 0 };
    struct json_reader *reader = json_reader_new();
    bool good = reader && json_read(reader, str_trim(answer), m, MEMBERS);

    for (int i = 0; good && i < MEMBERS; i++)
        good = json_int(&m[i], &value[i]);
    json_reader_free(reader);
    buf_format(text, "pid %" PRId64 "; %" PRId64 " sockets of %" PRId64 " people in %" PRId64 " rooms",
               value[PID], value[SOCKETS], value[PEOPLE], value[ROOMS]);
    return good;
}

static bool check_relay(const struct settings *s)
{
    const char *path = settings_unix_path(s->control_socket);
    struct control *control = path ? control_new(path) : NULL;
    struct control_request ask = { .what = CONTROL_STATS };
    struct buf answer = { 0 }, text = { 0 };
    bool good = control && control_ask(control, &ask, &answer);

    if (!good)
        buf_format(&text, "globes-relay is not running: nobody answers at %s", s->control_socket);
    else if (!read_stats(buf_all(&answer), &text)) {
        buf_clear(&text);
        buf_format(&text, "what answers at %s is no globes-relay of this version", s->control_socket);
        good = false;
    }
    control_free(control);
    buf_free(&answer);
    return tell("globes-relay", good, &text);
}

static bool check_fcgi(const struct view *v)
{
    struct buf text = { 0 };
    bool good = web_fcgi(v, &text);

    return tell("globes.fcgi", good, &text);
}

static bool check_lighttpd(const struct view *v)
{
    struct buf text = { 0 };
    bool good = !web_has_lighttpd(v) || web_lighttpd(v, &text);

    return text.len ? tell("lighttpd", good, &text) : good;
}

int ctl_check(int argc, char **argv)
{
    struct view v;
    int code = view_open(&v, argc, argv);

    if (code == CTL_OK) {
        show_settings(&v);
        /* One after the other, so that all that is wrong is told at once. */
        bool secret = check_secret(&v);
        bool store = check_store(&v.settings);
        bool relay = check_relay(&v.settings);
        bool fcgi = check_fcgi(&v);
        bool lighttpd = check_lighttpd(&v);
        code = secret && store && relay && fcgi && lighttpd ? CTL_OK : CTL_FAILED;
    }
    view_close(&v);
    return code;
}
