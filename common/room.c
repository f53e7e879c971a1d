/* SPDX-License-Identifier: MIT
 * The rules of a room. fcgi/ reads a body with room_input_read(), decides who may, and has room_apply() put
 * it in; the relay and globesctl make rooms in the same way. Nothing here hashes, stores or speaks HTTP.
 */
#include "common/room.h"

#include "common/fold.h"
#include "common/key.h"

static const char *const words[] = {
    [ROOM_PUBLIC] = "public",
    [ROOM_PRIVATE] = "private",
    [ROOM_HIDDEN] = "hidden",
};

const char *visibility_word(enum visibility v)
{
    return words[v];
}

bool visibility_read(struct str word, enum visibility *out)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_is_nocase(word, words[i])) {
            *out = (enum visibility)i;
            return true;
        }
    }
    return false;
}

enum err room_input_read(struct room_input *in, struct json_reader *r, struct str body, struct str *field)
{
    enum { TITLE, DESCRIPTION, VISIBILITY, PASSWORD, OWNED, WANTED };
    struct json_member want[WANTED] = {
        [TITLE] = { .name = "title" },           [DESCRIPTION] = { .name = "description" },
        [VISIBILITY] = { .name = "visibility" }, [PASSWORD] = { .name = "password" },
        [OWNED] = { .name = "owned" },
    };

    *in = (struct room_input){ 0 };
    *field = (struct str){ 0 };
    if (!json_read(r, body.n ? body : STR("{}"), want, WANTED))
        return ERR_ROOM_JSON;
    for (size_t i = 0; i < WANTED; i++) {
        if (want[i].kind == JSON_ABSENT) {
            want[i].text = (struct str){ 0 };
        } else if (want[i].kind != (i == OWNED ? JSON_BOOL : JSON_TEXT)) {
            *field = str_of(want[i].name);
            return ERR_ROOM_JSON;
        }
    }
    in->title = want[TITLE].text;
    in->description = want[DESCRIPTION].text;
    in->visibility = want[VISIBILITY].text;
    if (want[PASSWORD].text.n)
        in->password = want[PASSWORD].text;
    in->owned = str_is(want[OWNED].text, "true");
    return ERR_OK;
}

/* The NFC form of text, if it has at most `most` characters. */
static bool put_text(char out[ROOM_TEXT_SIZE], struct str text, size_t least, size_t most)
{
    struct buf nfc = { 0 };
    bool good = false;

    if (text.p && fold_utf8(text) && fold_nfc(&nfc, text) && buf_ok(&nfc)) {
        size_t n = fold_length(buf_all(&nfc));

        good = n >= least && n <= most && str_copy(out, ROOM_TEXT_SIZE, buf_all(&nfc));
    }
    buf_free(&nfc);
    return good;
}

/* An id is digits too: {room} in a path would mean either. */
static bool only_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

static bool make_title_key(char out[ROOM_TITLE_KEY_SIZE], const char *title)
{
    struct buf key = { 0 };
    bool good =
        fold_key(&key, str_of(title)) && buf_ok(&key) && str_copy(out, ROOM_TITLE_KEY_SIZE, buf_all(&key));

    buf_free(&key);
    return good;
}

/* Words that a path of the API or of a file system means something else by. */
static bool reserved(const char *title_key)
{
    static const char *const taken[] = { "all", "events", ".", ".." };

    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!strcmp(title_key, taken[i]))
            return true;
    return false;
}

static bool put_title(struct room *room, struct str title)
{
    char key[ROOM_TITLE_KEY_SIZE];

    return put_text(room->title, title, ROOM_TITLE_MIN, ROOM_TITLE_MAX) && fold_clean(title) &&
           !fold_outer_space(title) && !only_digits(title) && make_title_key(key, room->title) &&
           !reserved(key);
}

/* One that was hidden without a key stays so: who knows its title must not learn that it exists. */
static bool put_title_key(struct room *room, bool was_secret, bool secret)
{
    if (room->visibility == ROOM_HIDDEN && (secret || was_secret)) {
        room->title_key[0] = '\0';
        return true;
    }
    return make_title_key(room->title_key, room->title);
}

static bool put_password(struct room *room, struct str password, bool *new_password)
{
    if (!password.n)
        return room->password[0] != '\0';
    *new_password = true;
    return password.n >= ROOM_PASSWORD_MIN && password.n <= ROOM_PASSWORD_MAX &&
           !memchr(password.p, '\0', password.n);
}

static enum err refuse(struct str *field, const char *member)
{
    *field = str_of(member);
    return ERR_ROOM_CONTENT;
}

enum err room_apply(struct room *room, const struct room_input *in, bool creating, bool secret,
                    bool *new_password, struct str *field)
{
    bool was_hidden = !creating && room->visibility == ROOM_HIDDEN;
    bool was_secret = was_hidden && !room->title_key[0];

    *new_password = false;
    *field = (struct str){ 0 };
    if ((creating || in->title.p) && !put_title(room, in->title))
        return refuse(field, "title");
    if (in->description.p && !put_text(room->description, in->description, 0, ROOM_DESCRIPTION_MAX))
        return refuse(field, "description");
    if ((creating || in->visibility.p) && !visibility_read(in->visibility, &room->visibility))
        return refuse(field, "visibility");
    if (room->visibility == ROOM_HIDDEN && !creating && !was_hidden && secret)
        return refuse(field, "visibility");
    if (!put_title_key(room, was_secret, secret))
        return refuse(field, "title");
    if (room->visibility == ROOM_PUBLIC) {
        if (in->password.n)
            return refuse(field, "visibility");
        memset(room->password, 0, sizeof room->password);
        return ERR_OK;
    }
    return put_password(room, in->password, new_password) ? ERR_OK : refuse(field, "password");
}

void room_json(struct buf *out, const struct room *room, struct str users)
{
    buf_text(out, "{\"title\":");
    buf_json(out, str_of(room->title));
    buf_text(out, ",\"description\":");
    buf_json(out, str_of(room->description));
    buf_text(out, ",\"visibility\":\"");
    buf_text(out, visibility_word(room->visibility));
    buf_text(out, "\",\"createdAt\":\"");
    buf_time(out, room->created_ms);
    buf_text(out, "\",\"updatedAt\":\"");
    buf_time(out, room->updated_ms);
    buf_text(out, "\",\"id\":");
    buf_i64(out, room->id);
    buf_text(out, ",\"users\":");
    buf_str(out, users);
}

void room_user_json(struct buf *out, const struct room_user *user)
{
    buf_text(out, "{\"username\":");
    buf_json(out, user->name);
    buf_text(out, ",\"color\":");
    buf_json(out, user->color);
    buf_text(out, ",\"last_activity\":\"");
    buf_time(out, user->active_ms);
    buf_text(out, user->verified ? "\",\"verified\":true}" : "\",\"verified\":false}");
}

void room_init(struct room *room, int64_t now_ms)
{
    uint64_t bits;

    key_random(room->key, sizeof room->key);
    do
        key_random(&room->epoch, sizeof room->epoch);
    while (!room->epoch);
    room->created_ms = room->updated_ms = now_ms;
    if (room->visibility != ROOM_HIDDEN)
        return;
    do {
        key_random(&bits, sizeof bits);
        room->id = (int64_t)(bits & (uint64_t)ROOM_ID_MAX);
    } while (room->id < ROOM_HIDDEN_ID_MIN);
}
