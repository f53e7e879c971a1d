/* SPDX-License-Identifier: MIT
 * JSON in. A recursive descent over RFC 8259, bounded by JSON_DEPTH_MAX, that refuses what the header says
 * and notes where the wanted members stand; nothing is copied or allocated unless a name or a wanted text has
 * escapes: those literals, one by one, are unescaped by json-c. Called for every frame, body and control
 * line.
 */
#include "common/json.h"

#include <limits.h>

#include <json-c/json.h>

#include "common/buf.h"
#include "common/fold.h"

struct json_reader {
    json_tokener *tokener;
    /* Unescaped texts; room for all that one reading can need is made at once, so that they stay where they
     * are. */
    struct buf texts;
    /* The names in the objects that are open now, the innermost last. */
    struct str names[JSON_DEPTH_MAX * JSON_MEMBERS_MAX];
};

struct scan {
    const char *p, *end;
    struct json_reader *reader;
    size_t text_size; /* of the whole text */
    size_t names;     /* how many of the reader's names are in use */
    int depth;
};

/* The wanted members; there are some at the outermost level only. */
struct wanted {
    struct json_member *member;
    size_t n;
};

struct json_reader *json_reader_new(void)
{
    struct json_reader *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->tokener = json_tokener_new_ex(1);
    if (!r->tokener) {
        free(r);
        return NULL;
    }
    json_tokener_set_flags(r->tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    return r;
}

void json_reader_free(struct json_reader *r)
{
    if (!r)
        return;
    json_tokener_free(r->tokener);
    buf_free(&r->texts);
    free(r);
}

static void skip_space(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
        s->p++;
}

/* Takes this character, after white space. */
static bool take(struct scan *s, char c)
{
    skip_space(s);
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

/* ---- texts ---- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* s->p is behind a backslash. */
static bool scan_escape(struct scan *s)
{
    char kind = s->p < s->end ? *s->p++ : '\0';

    if (kind != 'u')
        return kind && strchr("\"\\/bfnrt", kind);
    if (s->end - s->p < 4)
        return false;
    for (int i = 0; i < 4; i++)
        if (!is_hex(*s->p++))
            return false;
    return true;
}

/* *literal is the text as it stands, with its quotes. */
static bool scan_text(struct scan *s, struct str *literal, bool *escaped)
{
    static const bool ends_run[256] = { [0 ... 0x1f] = true, ['"'] = true, ['\\'] = true };
    const char *begin = s->p;

    *escaped = false;
    if (s->p == s->end || *s->p++ != '"')
        return false;
    for (;;) {
        while (s->p < s->end && !ends_run[(uint8_t)*s->p])
            s->p++;
        if (s->p == s->end)
            return false;
        if (*s->p == '"')
            break;
        if (*s->p++ != '\\' || !scan_escape(s)) /* or a raw control character */
            return false;
        *escaped = true;
    }
    s->p++;
    *literal = (struct str){ begin, (size_t)(s->p - begin) };
    return true;
}

/* Without quotes, and unescaped: never longer than the literal, so all of them together fit where text_size
 * does. */
static bool unescape(struct scan *s, struct str literal, bool escaped, struct str *text)
{
    struct buf *texts = &s->reader->texts;
    json_object *object;
    char *room;

    *text = (struct str){ literal.p + 1, literal.n - 2 };
    if (!escaped)
        return true;
    room = buf_room(texts, s->text_size - texts->len);
    if (!room)
        return false;
    json_tokener_reset(s->reader->tokener);
    object = json_tokener_parse_ex(s->reader->tokener, literal.p, (int)literal.n);
    if (!object)
        return false;
    *text = (struct str){ room, (size_t)json_object_get_string_len(object) };
    buf_bytes(texts, json_object_get_string(object), text->n);
    json_object_put(object);
    return true;
}

/* ---- the other kinds ---- */

static bool scan_digits(struct scan *s)
{
    const char *begin = s->p;

    while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return s->p > begin;
}

static bool next_is(const struct scan *s, const char *any)
{
    return s->p < s->end && *s->p && strchr(any, *s->p);
}

static bool scan_number(struct scan *s)
{
    if (next_is(s, "-"))
        s->p++;
    if (next_is(s, "0"))
        s->p++;
    else if (!scan_digits(s))
        return false;
    if (next_is(s, ".")) {
        s->p++;
        if (!scan_digits(s))
            return false;
    }
    if (next_is(s, "eE")) {
        s->p++;
        if (next_is(s, "+-"))
            s->p++;
        return scan_digits(s);
    }
    return true;
}

static bool scan_word(struct scan *s, const char *word)
{
    if (!str_begins((struct str){ s->p, (size_t)(s->end - s->p) }, word))
        return false;
    s->p += strlen(word);
    return true;
}

static bool scan_array(struct scan *s);
static bool scan_object(struct scan *s, struct wanted wanted);

/* s->p is at its first character. */
static enum json_kind kind_of(const struct scan *s)
{
    switch (s->p < s->end ? *s->p : '\0') {
    case '"':
        return JSON_TEXT;
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

/* *value is the JSON as it stands; *escaped is only set for a text. */
static bool scan_value(struct scan *s, enum json_kind *kind, struct str *value, bool *escaped)
{
    const char *begin;
    bool good = false;

    skip_space(s);
    begin = s->p;
    *kind = kind_of(s);
    switch (*kind) {
    case JSON_TEXT:
        return scan_text(s, value, escaped);
    case JSON_OBJECT:
        good = scan_object(s, (struct wanted){ NULL, 0 });
        break;
    case JSON_ARRAY:
        good = scan_array(s);
        break;
    case JSON_BOOL:
        good = scan_word(s, *begin == 't' ? "true" : "false");
        break;
    case JSON_NULL:
        good = scan_word(s, "null");
        break;
    case JSON_NUMBER:
    case JSON_ABSENT:
        good = scan_number(s);
    }
    *value = (struct str){ begin, (size_t)(s->p - begin) };
    return good;
}

static bool scan_array(struct scan *s)
{
    enum json_kind kind;
    struct str value;
    bool escaped;

    if (++s->depth > JSON_DEPTH_MAX || !take(s, '['))
        return false;
    if (!take(s, ']')) {
        do
            if (!scan_value(s, &kind, &value, &escaped))
                return false;
        while (take(s, ','));
        if (!take(s, ']'))
            return false;
    }
    s->depth--;
    return true;
}

/* ---- objects ---- */

/* Reads a name and its colon. Refused: more than an object may have, one that it has already (its names are
 * those from `first` on), and a NUL, which json-c's callers and C take for the end of a name. */
static bool scan_name(struct scan *s, size_t first, struct str *name)
{
    struct str *names = s->reader->names, literal;
    bool escaped;

    skip_space(s);
    if (s->names - first == JSON_MEMBERS_MAX || !scan_text(s, &literal, &escaped) || !take(s, ':'))
        return false;
    if (!unescape(s, literal, escaped, name) || memchr(name->p, '\0', name->n))
        return false;
    for (size_t i = first; i < s->names; i++)
        if (str_same(names[i], *name))
            return false;
    names[s->names++] = *name;
    return true;
}

/* NULL where nobody wants it. name holds no NUL, so strncmp() stops at the end of the shorter one. */
static struct json_member *find(struct wanted wanted, struct str name)
{
    for (size_t i = 0; i < wanted.n; i++) {
        const char *want = wanted.member[i].name;

        if (!strncmp(want, name.p, name.n) && !want[name.n])
            return &wanted.member[i];
    }
    return NULL;
}

static bool scan_member(struct scan *s, size_t first, struct wanted wanted)
{
    struct json_member *member;
    struct str name, value;
    enum json_kind kind;
    bool escaped;

    if (!scan_name(s, first, &name) || !scan_value(s, &kind, &value, &escaped))
        return false;
    member = find(wanted, name);
    if (!member)
        return true;
    member->kind = kind;
    member->text = value;
    return kind != JSON_TEXT || unescape(s, value, escaped, &member->text);
}

static bool scan_object(struct scan *s, struct wanted wanted)
{
    size_t first = s->names;

    if (++s->depth > JSON_DEPTH_MAX || !take(s, '{'))
        return false;
    if (!take(s, '}')) {
        do
            if (!scan_member(s, first, wanted))
                return false;
        while (take(s, ','));
        if (!take(s, '}'))
            return false;
    }
    s->names = first;
    s->depth--;
    return true;
}

static void forget(struct json_member *want, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        want[i].kind = JSON_ABSENT;
        want[i].text = (struct str){ 0 };
    }
}

bool json_read(struct json_reader *r, struct str text, struct json_member *want, size_t n)
{
    struct scan s = { .p = text.p, .end = text.p + text.n, .reader = r, .text_size = text.n };

    forget(want, n);
    buf_clear(&r->texts);
    if (text.n > INT_MAX || !fold_utf8(text))
        return false;
    if (scan_object(&s, (struct wanted){ want, n })) {
        skip_space(&s);
        if (s.p == s.end)
            return true;
    }
    forget(want, n);
    return false;
}

bool json_int(const struct json_member *m, int64_t *out)
{
    struct str digits = m->text;
    bool negative;
    uint64_t v;

    if (m->kind != JSON_NUMBER)
        return false;
    negative = digits.p[0] == '-';
    digits.p += negative;
    digits.n -= negative;
    if (!str_to_u64(digits, &v) || v > (uint64_t)INT64_MAX + negative)
        return false;
    *out = (int64_t)(negative ? -v : v);
    return true;
}

/* ---- elements of what was accepted ---- */

/* Behind a text whose opening quote is at p. */
static const char *behind_text(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p + 1;
}

/* The comma or bracket that ends the element at p. */
static const char *behind_element(const char *p, const char *end)
{
    int depth = 0;

    while (p < end && (depth || (*p != ',' && *p != ']' && *p != '}'))) {
        depth += (*p == '[' || *p == '{') - (*p == ']' || *p == '}');
        p = *p == '"' ? behind_text(p, end) : p + 1;
    }
    return p < end ? p : end;
}

bool json_next(struct str *rest, struct str *element)
{
    struct scan s = { .p = rest->p, .end = rest->p + rest->n };
    const char *behind, *last;

    if (s.p == s.end || *s.p == ']' || *s.p == '}')
        return false;
    s.p++; /* the opening bracket, later the comma before this element */
    skip_space(&s);
    last = behind = behind_element(s.p, s.end);
    *rest = (struct str){ behind, (size_t)(s.end - behind) };
    if (behind == s.p)
        return false;
    while (last[-1] == ' ' || last[-1] == '\t' || last[-1] == '\n' || last[-1] == '\r')
        last--;
    *element = (struct str){ s.p, (size_t)(last - s.p) };
    return true;
}
