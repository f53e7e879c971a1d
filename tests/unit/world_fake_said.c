/* SPDX-License-Identifier: MIT
 * What a socket of the made-up world (world_fake.h) got, as words that tests can compare.
 */
#include "tests/unit/world_fake.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/event.h"
#include "common/json.h"

enum { TYPE, NAME, MSG, SEQ, CODE, FIELD, MEMBERS };

static void print_event(struct fake_world *f, struct str json)
{
    struct json_member m[MEMBERS] = { { .name = "event_type" }, { .name = "name" }, { .name = "msg" },
                                      { .name = "seq" },        { .name = "code" }, { .name = "field" } };
    struct buf *b = &f->text;

    if (!json_read(f->json, json, m, MEMBERS))
        fail_msg("no JSON: %.*s", (int)json.n, json.p);
    if (str_is(m[TYPE].text, "send")) {
        buf_str(b, m[SEQ].text);
        buf_char(b, ' ');
        buf_str(b, m[NAME].text);
        buf_text(b, ": ");
        buf_str(b, m[MSG].text);
    } else {
        bool error = str_is(m[TYPE].text, "error");

        buf_str(b, m[TYPE].text);
        buf_char(b, ' ');
        buf_str(b, m[error ? CODE : NAME].text);
        if (m[FIELD].kind != JSON_ABSENT)
            buf_char(b, ' ');
        buf_str(b, m[FIELD].text);
    }
}

static void print_frame(struct fake_world *f, uint8_t first, struct str payload)
{
    enum { FINAL_TEXT = 0x81, FINAL_CLOSE = 0x88 };
    const uint8_t *p = (const uint8_t *)payload.p;

    if (f->text.len)
        buf_text(&f->text, "; ");
    if (first == FINAL_TEXT) {
        print_event(f, payload);
    } else if (first == FINAL_CLOSE && payload.n >= 2) {
        buf_format(&f->text, "close %d", p[0] << 8 | p[1]);
        if (payload.n > 2)
            buf_char(&f->text, ' ');
        buf_bytes(&f->text, p + 2, payload.n - 2);
    } else {
        fail_msg("a frame that begins with %02x", first);
    }
}

static const char *print_frames(struct fake_socket *s, size_t from)
{
    struct fake_world *f = s->world;
    size_t n, head;

    buf_clear(&f->text);
    for (size_t at = from; at < s->got.len; at += n) {
        const uint8_t *p = (const uint8_t *)s->got.data + at;

        n = event_frame_length(p);
        head = p[1] < 126 ? 2 : p[1] == 126 ? 4 : EVENT_FRAME_ROOM;
        if (n > s->got.len - at)
            fail_msg("half a frame at byte %zu of %zu", at, s->got.len);
        print_frame(f, p[0], (struct str){ (const char *)p + head, n - head });
    }
    return buf_all(&f->text).p;
}

const char *fake_said(struct fake_socket *s)
{
    s->seen = s->got.len;
    return print_frames(s, 0);
}

const char *fake_news(struct fake_socket *s)
{
    size_t from = s->seen;

    s->seen = s->got.len;
    return print_frames(s, from);
}

size_t fake_count(struct fake_socket *s, const char *begin)
{
    struct str rest = str_of(print_frames(s, 0)), part;
    size_t n = 0;

    while (str_next(&rest, ';', &part))
        n += str_begins(str_trim(part), begin);
    return n;
}

bool fake_has(const struct fake_socket *s, const char *text)
{
    return memmem(s->got.data, s->got.len, text, strlen(text)) != NULL;
}

void fake_assert_sends(struct fake_socket *s, unsigned from, unsigned to)
{
    struct str rest = str_of(fake_said(s)), part, word;
    uint64_t seq, next = from;

    while (str_next(&rest, ';', &part)) {
        part = str_trim(part);
        str_next(&part, ' ', &word);
        if (str_to_u64(word, &seq))
            assert_int_equal(seq, next++);
    }
    assert_int_equal(next, to + 1);
}
