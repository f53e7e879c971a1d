/* SPDX-License-Identifier: MIT
 * Events in and out. event_read() runs once for each frame of a client and event_json() once for each message
 * of a room, so neither prints by format nor allocates beyond its buffer. Called by the relay and by what
 * shows histories.
 */
#include "common/event.h"

#include "common/error.h"

enum { COLOR_NAME_MAX = 20 };

static const char *const colors[] = {
#define COLOR(name) #name,
#include "common/color.def"
#undef COLOR
};

static bool color_hex(struct str s)
{
    if (s.n != 4 && s.n != 7)
        return false;
    for (size_t i = 1; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return true;
}

static bool color_name(struct str s)
{
    char word[COLOR_NAME_MAX + 1];
    size_t low = 0, high = sizeof colors / sizeof *colors;

    if (s.n > COLOR_NAME_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        word[i] = s.p[i];
        if (word[i] >= 'A' && word[i] <= 'Z')
            word[i] = (char)(word[i] - 'A' + 'a');
        else if (word[i] < 'a' || word[i] > 'z')
            return false;
    }
    word[s.n] = '\0';
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(word, colors[middle]);

        if (!order)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

struct str event_color(struct str color)
{
    if (color.n && (color.p[0] == '#' ? color_hex(color) : color_name(color)))
        return color;
    return STR("");
}

enum err event_read(struct event_in *ev, struct json_reader *r, struct str text, struct str *field)
{
    enum { TYPE, NAME, COLOR, MSG, WANTED };
    struct json_member want[WANTED] = {
        [TYPE] = { .name = "event_type" },
        [NAME] = { .name = "name" },
        [COLOR] = { .name = "color" },
        [MSG] = { .name = "msg" },
    };

    *ev = (struct event_in){ 0 };
    *field = (struct str){ 0 };
    if (!json_read(r, text, want, WANTED) || want[TYPE].kind != JSON_TEXT)
        return ERR_CLIENT_JSON;
    for (size_t i = NAME; i < WANTED; i++) {
        if (want[i].kind == JSON_TEXT)
            continue;
        if (want[i].kind != JSON_ABSENT) {
            *field = str_of(want[i].name);
            return ERR_ROOM_CONTENT;
        }
        want[i].text = (struct str){ 0 };
    }
    ev->type = want[TYPE].text;
    ev->name = want[NAME].text;
    ev->color = want[COLOR].text.p ? event_color(want[COLOR].text) : want[COLOR].text;
    ev->msg = want[MSG].text;
    return ERR_OK;
}

void event_json(struct buf *out, const struct event_out *ev)
{
    buf_str(out, STR("{\"event_type\":\""));
    buf_text(out, ev->type);
    buf_str(out, STR("\",\"name\":"));
    buf_json(out, ev->name);
    buf_str(out, STR(",\"color\":"));
    buf_json(out, ev->color);
    buf_str(out, STR(",\"msg\":"));
    buf_json(out, ev->msg);
    buf_str(out, STR(",\"room_id\":"));
    buf_i64(out, ev->room_id);
    buf_str(out, STR(",\"time\":\""));
    buf_time(out, ev->time_ms);
    buf_str(out, ev->verified ? STR("\",\"verified\":true") : STR("\",\"verified\":false"));
    if (ev->seq) {
        buf_str(out, STR(",\"epoch\":\""));
        buf_hex64(out, ev->epoch);
        buf_str(out, STR("\",\"seq\":"));
        buf_i64(out, ev->seq);
    }
    buf_str(out, STR(",\"who\":\""));
    buf_bytes(out, ev->who, TOKEN_WHO_SIZE);
    buf_str(out, STR("\"}"));
}

bool event_of_entry(struct event_out *ev, const struct entry *e)
{
    if (e->kind != ENTRY_SEND || e->removed)
        return false;
    *ev = (struct event_out){
        .type = "send",
        .name = e->name,
        .color = e->color,
        .msg = e->msg,
        .room_id = e->room_id,
        .time_ms = e->time_ms,
        .verified = e->verified,
        .who = e->who,
        .epoch = e->epoch,
        .seq = e->seq,
    };
    return true;
}

/* What a person reads. The first row that fits is taken: without a field it fits any. Nothing of what was
 * written is ever repeated here. */
static const struct {
    enum err e;
    const char *field, *says;
} sentences[] = {
    { ERR_CLIENT_JSON, NULL,
      "This was not understood. Send one JSON object with an event_type of join, send or leave." },
    { ERR_ROOM_CONTENT, "msg", "A message needs text, and not too much. Change it, and send it again." },
    { ERR_ROOM_CONTENT, "name", "This name cannot be used here. Leave, and enter again with another name." },
    { ERR_ROOM_CONTENT, "color", "This colour was not understood. Choose another one, and try again." },
    { ERR_ROOM_CONTENT, "cid", "This message cannot be sent under its cid. Send it again with a new one." },
    { ERR_ROOM_CONTENT, "target",
      "There is no such message to be taken back. Nothing more needs to be done." },
    { ERR_ROOM_CONTENT, NULL, "Something in this was not understood. Correct it, and try again." },
    { ERR_CLIENT_NOT_FOUND, NULL, "You have not entered this room. Enter it, and send your message again." },
    { ERR_CLIENT_UNAUTHORIZED, NULL,
      "You may not do this here. If you are in the room already, just go on; else enter with a login." },
    { ERR_TOO_MANY, "send_rate", "You are sending too fast. Wait a moment, and send your message again." },
    { ERR_TOO_MANY, "join_rate",
      "Too many people have just entered from your address. Wait a moment, and enter again." },
    { ERR_TOO_MANY, "members_max", "This room is full. Leave, and enter again later." },
    { ERR_TOO_MANY, NULL, "There is no place for this now. Wait a while, and try again." },
    { ERR_UNAVAILABLE, NULL,
      "Your message may not have been kept. If it does not show up in a moment, send it again." },
};

static void says_name_taken(struct buf *out, struct str name)
{
    struct buf says = { 0 };

    buf_text(&says, name.n ? "The name " : "This name");
    buf_str(&says, name);
    buf_text(&says, " is taken in this room. Leave, and enter again with another name.");
    buf_json(out, buf_all(&says));
    if (!buf_ok(&says))
        out->failed = true;
    buf_free(&says);
}

static void says(struct buf *out, enum err e, struct str field)
{
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        if (sentences[i].e == e && (!sentences[i].field || str_is(field, sentences[i].field))) {
            buf_json(out, str_of(sentences[i].says));
            return;
        }
    }
    buf_json(out, STR("This did not work. Leave, and enter again in a moment."));
}

void event_error_json(struct buf *out, enum err e, struct str field, int64_t wait_ms)
{
    const struct error_info *info = error_info(e);

    buf_str(out, STR("{\"event_type\":\"error\",\"code\":"));
    buf_i64(out, info->code);
    buf_str(out, STR(",\"error\":"));
    buf_json(out, str_of(info->text));
    if (field.p) {
        buf_str(out, STR(",\"field\":"));
        buf_json(out, field);
    }
    if (wait_ms) {
        buf_str(out, STR(",\"retry_after_ms\":"));
        buf_i64(out, wait_ms);
    }
    buf_str(out, STR(",\"msg\":"));
    if (e == ERR_CLIENT_DUPLICATE)
        says_name_taken(out, field);
    else
        says(out, e, field);
    buf_char(out, '}');
}

size_t event_frame_begin(struct buf *out)
{
    if (buf_room(out, EVENT_FRAME_ROOM))
        out->len += EVENT_FRAME_ROOM;
    return out->len;
}

struct str event_frame_end(struct buf *out, size_t payload)
{
    enum { FINAL_TEXT = 0x81, SHORT_MAX = 125, TWO_BYTES = 126, EIGHT_BYTES = 127 };
    uint8_t *head;
    size_t n, size;
    int shift;

    if (!buf_ok(out) || payload < EVENT_FRAME_ROOM || payload > out->len)
        return STR("");
    n = out->len - payload;
    size = n <= SHORT_MAX ? 2 : n <= UINT16_MAX ? 4 : EVENT_FRAME_ROOM;
    head = (uint8_t *)out->data + payload - size;
    head[0] = FINAL_TEXT;
    head[1] = (uint8_t)(size == 2 ? n : size == 4 ? TWO_BYTES : EIGHT_BYTES);
    shift = (int)(size - 2) * 8;
    for (size_t i = 2; i < size; i++) {
        shift -= 8;
        head[i] = (uint8_t)((uint64_t)n >> shift);
    }
    return (struct str){ (const char *)head, size + n };
}

size_t event_frame_length(const uint8_t *p)
{
    uint64_t n = 0;

    if (p[1] < 126)
        return 2 + (size_t)p[1];
    if (p[1] == 126)
        return 4 + ((size_t)p[2] << 8 | p[3]);
    for (size_t i = 2; i < EVENT_FRAME_ROOM; i++)
        n = n << 8 | p[i];
    return EVENT_FRAME_ROOM + (size_t)n;
}
