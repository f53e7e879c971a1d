/* SPDX-License-Identifier: MIT
 * globesctl rooms: what the site's owner does with rooms from the command line, past all rights that the API asks
 * for. Works on the store itself; a running relay hears of it.
 */
#include "ctl/ctl.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/control.h"
#include "common/key.h"
#include "common/owner.h"
#include "common/password.h"
#include "common/program.h"
#include "common/store.h"
#include "ctl/view.h"

enum { PAGE = 200, CHANGE_TRIES = 5 };

/* One call of the subcommand. */
struct rooms {
    const char *verb, *what; /* an id or a title */
    const char *visibility, *description;
    bool end_tokens;
    struct view view;
    struct store *store;
};

static int complain(const char *what)
{
    fprintf(stderr, "globesctl: rooms: %s\n", what);
    return CTL_FAILED;
}

static int misused(const char *what)
{
    complain(what);
    return CTL_USAGE;
}

static int complain_store(enum store_result r)
{
    switch (r) {
    case STORE_NONE:
        return complain("there is no room with this id");
    case STORE_TAKEN:
        return complain("another room has this title");
    case STORE_LIMIT:
        return complain("there are rooms_max rooms already");
    case STORE_CHANGED:
        return complain("the room was changed by others again and again");
    case STORE_FULL:
        return complain("the store is full");
    case STORE_UNKNOWN:
        return complain("the store did not say whether it was done: look with `globesctl rooms list`");
    default:
        return complain("the store is away");
    }
}

/* A relay that is not there sees it at its start. */
static void tell_relay(const struct rooms *r, int64_t room_id)
{
    struct control_request tell = { .what = CONTROL_ROOM, .room_id = room_id };
    struct control *control = control_new(settings_unix_path(r->view.settings.control_socket));
    struct buf answer = { 0 };

    if (control)
        control_ask(control, &tell, &answer);
    control_free(control);
    buf_free(&answer);
}

static bool read_id(const struct rooms *r, int64_t *id)
{
    uint64_t v;

    if (!str_to_u64(str_of(r->what), &v) || v < 1 || v > ROOM_ID_MAX)
        return false;
    *id = (int64_t)v;
    return true;
}

/* ---- verbs ---- */

static int list(struct rooms *r)
{
    struct room_query q = { .limit = PAGE, .hidden = true };
    struct room_list rooms;
    enum store_result result;
    size_t n;

    do {
        result = store_room_list(r->store, &q, &rooms);
        n = result == STORE_OK ? rooms.n : 0;
        for (size_t i = 0; i < n; i++)
            printf("%-16" PRId64 " %-8s %-7s %s\n", rooms.room[i].id,
                   visibility_word(rooms.room[i].visibility), rooms.room[i].owned ? "owned" : "-",
                   rooms.room[i].title);
        if (n)
            q.before_order = rooms.room[n - 1].order;
        room_list_free(&rooms);
    } while (n);
    if (result != STORE_OK)
        return complain_store(result);
    return ferror(stdout) || fflush(stdout) ? CTL_FAILED : CTL_OK;
}

static int owner(struct rooms *r)
{
    char text[OWNER_TEXT_SIZE];
    enum store_result result = STORE_CHANGED;
    struct room room;
    int64_t id;
    int code;

    if (!read_id(r, &id))
        return misused("takes the id of a room: `globesctl rooms list` shows them");
    for (int i = 0; i < CHANGE_TRIES && result == STORE_CHANGED; i++) {
        result = store_room_get(r->store, id, &room);
        if (result != STORE_OK)
            break;
        if (r->end_tokens)
            key_random(room.key, sizeof room.key);
        owner_make(&room, text);
        result = store_room_update(r->store, &room);
    }
    if (result != STORE_OK)
        return complain_store(result);
    tell_relay(r, id);
    code = program_say("%s\n", text);
    key_wipe(text, sizeof text);
    return code ? complain("the new owner token could not be printed: ask for another one") : CTL_OK;
}

/* Whether what is typed is shown, if somebody types. */
static void set_echo(bool on)
{
    struct termios t;

    if (tcgetattr(STDIN_FILENO, &t) != 0)
        return;
    if (on)
        t.c_lflag |= ECHO;
    else
        t.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &t);
}

/* A line of standard input, since what stands in a command line can be read by others. */
static void read_password(struct buf *out)
{
    bool typed = isatty(STDIN_FILENO);
    int c;

    if (typed)
        fprintf(stderr, "password of the room: ");
    if (typed)
        set_echo(false);
    while ((c = getchar()) != EOF && c != '\n' && out->len <= ROOM_PASSWORD_MAX)
        buf_char(out, (char)c);
    if (typed) {
        set_echo(true);
        fputc('\n', stderr);
    }
}

static int complain_field(struct str field)
{
    fprintf(stderr, "globesctl: rooms: the room's %.*s is against the rules; see the README\n", (int)field.n,
            field.p);
    return CTL_FAILED;
}

/* The room as it shall be stored; an exit code. */
static int plan_room(const struct rooms *r, struct str password, struct room *room)
{
    bool secret = r->view.settings.hidden_rooms == HIDDEN_SECRET, hash;
    struct room_input in = { .title = str_of(r->what),
                             .visibility = str_of(r->visibility ? r->visibility : "public"),
                             .description = str_of(r->description ? r->description : ""),
                             .password = password };
    struct str field = { 0 };

    if (room_apply(room, &in, true, secret, &hash, &field))
        return complain_field(field);
    if (hash && !password_hash(in.password, room->password))
        return complain("the password could not be hashed");
    room_init(room, clock_wall_ms());
    return CTL_OK;
}

static int make(struct rooms *r)
{
    bool closed = r->visibility && !str_is_nocase(str_of(r->visibility), "public");
    struct buf password = { 0 };
    struct room room = { 0 };
    enum store_result result;
    int code;

    if (closed)
        read_password(&password);
    if (closed && !password.len)
        return complain("a room that is not public needs a password, as a line of standard input");
    code = plan_room(r, buf_all(&password), &room);
    key_wipe(password.data, password.len);
    buf_free(&password);
    if (code != CTL_OK)
        return code;
    result = store_room_add(r->store, &room, r->view.settings.rooms_max);
    if (result != STORE_OK)
        return complain_store(result);
    return program_say("%" PRId64 "\n", room.id);
}

static int remove_room(struct rooms *r)
{
    enum store_result result;
    int64_t id;

    if (!read_id(r, &id))
        return misused("takes the id of a room: `globesctl rooms list` shows them");
    result = store_room_remove(r->store, id);
    if (result != STORE_OK)
        return complain_store(result);
    tell_relay(r, id);
    return CTL_OK;
}

/* ---- the call ---- */

static const struct verb {
    const char *name;
    bool names_one;
    int (*run)(struct rooms *r);
} verbs[] = {
    { "list", false, list },
    { "make", true, make },
    { "owner", true, owner },
    { "remove", true, remove_room },
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; name && i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(verbs[i].name, name))
            return &verbs[i];
    return NULL;
}

static bool takes_value(const char *word)
{
    return !strcmp(word, "--data") || !strcmp(word, "-f");
}

/* Takes what is this subcommand's own out of argv; what every one takes stays there for view_open(). */
static bool read_words(struct rooms *r, int *argc, char **argv)
{
    int kept = 1;

    for (int i = 1; i < *argc; i++) {
        char *word = argv[i], *next = i + 1 < *argc ? argv[i + 1] : NULL;
        const char **own = !strcmp(word, "--visibility")    ? &r->visibility
                           : !strcmp(word, "--description") ? &r->description
                           : word[0] != '-' && !r->verb     ? &r->verb
                           : word[0] != '-' && !r->what     ? &r->what
                                                            : NULL;
        if (!strcmp(word, "--end-tokens")) {
            r->end_tokens = true;
        } else if (own && word[0] != '-') {
            *own = word;
        } else if (own) {
            if (!next)
                return false;
            *own = next;
            i++;
        } else {
            argv[kept++] = word;
            if (takes_value(word) && next)
                argv[kept++] = argv[++i];
        }
    }
    argv[kept] = NULL;
    *argc = kept;
    return true;
}

/* Opening would make a store of SQLite, for the user who asks and not for the one that the programs run as. Says so. */
static bool is_begun(const char *url)
{
    struct buf path = { 0 };
    bool begun;

    if (!str_begins(str_of(url), "sqlite:"))
        return true;
    buf_format(&path, "%s/rooms.db", url + strlen("sqlite:"));
    begun = buf_ok(&path) && access(path.data, F_OK) == 0;
    if (!begun)
        fprintf(stderr, "globesctl: rooms: %s is not there yet: the programs make it at their first start\n",
                path.data ? path.data : url);
    buf_free(&path);
    return begun;
}

static int run_verb(struct rooms *r, const struct verb *verb)
{
    struct buf why = { 0 };
    int code;

    if (!is_begun(r->view.settings.store))
        return CTL_FAILED;
    if (store_open(&r->store, r->view.settings.store, STORE_READER, &why) != STORE_OK) {
        fprintf(stderr, "globesctl: %s\n", why.data ? why.data : "out of memory");
        buf_free(&why);
        return CTL_FAILED;
    }
    code = verb->run(r);
    store_close(r->store);
    return code;
}

int ctl_rooms(int argc, char **argv)
{
    struct rooms r = { 0 };
    const struct verb *verb;
    int code;

    if (!read_words(&r, &argc, argv) || !(verb = find_verb(r.verb)) || verb->names_one != (r.what != NULL)) {
        return misused("takes list, make TITLE, owner ID or remove ID");
    }
    umask(0007);
    code = view_open(&r.view, argc, argv);
    if (code == CTL_OK)
        code = run_verb(&r, verb);
    view_close(&r.view);
    return code;
}
