/* SPDX-License-Identifier: MIT
 * common/event: what a client's frame is taken for, what everyone is told, and the frames around it.
 */
#include "common/event.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/error.h"

static struct json_reader *reader;

static int open_reader(void **state)
{
    (void)state;
    reader = json_reader_new();
    return reader ? 0 : -1;
}

static int close_reader(void **state)
{
    (void)state;
    json_reader_free(reader);
    return 0;
}

static enum err read_event(struct event_in *ev, const char *text, struct str *field)
{
    return event_read(ev, reader, str_of(text), field);
}

static void assert_text(struct str s, const char *word)
{
    if (!str_is(s, word))
        fail_msg("\"%.*s\" is not \"%s\"", (int)s.n, s.p ? s.p : "(absent)", word);
}

/* ---- in ---- */

static void a_full_event_is_read(void **state)
{
    struct event_in ev;
    struct str field;

    (void)state;
    assert_int_equal(
        read_event(&ev,
                   "{\"event_type\":\"send\",\"name\":\"Ann\",\"color\":\"Blue\",\"msg\":\"h\\u00e9\","
                   "\"room_id\":3,\"verified\":false,\"secret\":{\"x\":[1]}}",
                   &field),
        ERR_OK);
    assert_text(ev.type, "send");
    assert_text(ev.name, "Ann");
    assert_text(ev.color, "Blue");
    assert_text(ev.msg, "h\xc3\xa9");
}

static void what_is_absent_has_no_text_and_what_is_empty_has(void **state)
{
    struct event_in ev;
    struct str field;

    (void)state;
    assert_int_equal(read_event(&ev, "{\"event_type\":\"join\"}", &field), ERR_OK);
    assert_null(ev.name.p);
    assert_null(ev.color.p);
    assert_null(ev.msg.p);
    assert_int_equal(
        read_event(&ev, "{\"event_type\":\"\",\"name\":\"\",\"color\":\"\",\"msg\":\"\"}", &field), ERR_OK);
    assert_text(ev.type, "");
    assert_text(ev.name, "");
    assert_text(ev.color, "");
    assert_text(ev.msg, "");
}

static void what_is_no_event_is_203_without_a_field(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "send",
        "[]",
        "null",
        "\"send\"",
        "{",
        "{}",
        "{\"event_type\":null}",
        "{\"event_type\":1}",
        "{\"event_type\":[\"send\"]}",
        "{\"Event_Type\":\"send\"}",
        "{\"event_type\":\"send\"}{}",
        "{\"event_type\":\"send\",\"event_type\":\"send\"}",
        "{\"event_type\":\"send\",\"msg\":\"a\",\"msg\":\"b\"}",
        "{'event_type':'send'}",
        "{\"event_type\":\"send\",}",
        "\xef\xbb\xbf{\"event_type\":\"send\"}",
        "{\"event_type\":\"send\",\"msg\":\"\xff\"}",
        "{\"name\":3}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct event_in ev;
        struct str field = STR("?");

        if (read_event(&ev, bad[i], &field) != ERR_CLIENT_JSON)
            fail_msg("taken: %s", bad[i]);
        assert_null(field.p);
        assert_null(ev.type.p);
    }
}

static void a_member_of_a_wrong_type_is_named(void **state)
{
    static const char *const names[] = { "name", "color", "msg" };
    static const char *const values[] = { "null", "true", "0", "[]", "{}" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 5; j++) {
            char text[100];
            struct event_in ev;
            struct str field;

            snprintf(text, sizeof text, "{\"%s\":%s,\"event_type\":\"send\"}", names[i], values[j]);
            assert_int_equal(read_event(&ev, text, &field), ERR_ROOM_CONTENT);
            assert_text(field, names[i]);
        }
    }
}

static void members_that_nobody_reads_may_be_anything(void **state)
{
    struct event_in ev;
    struct str field;

    (void)state;
    assert_int_equal(
        read_event(&ev, "{\"event_type\":\"send\",\"room_id\":null,\"verified\":\"x\",\"time\":[]}", &field),
        ERR_OK);
}

static void every_css_name_is_a_colour_in_any_case(void **state)
{
    static const char *const names[] = {
#define COLOR(name) #name,
#include "common/color.def"
    };

    (void)state;
    assert_int_equal(sizeof names / sizeof *names, 148);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char upper[ENTRY_COLOR_MAX];

        assert_true(str_copy(upper, sizeof upper, str_of(names[i])));
        assert_text(event_color(str_of(names[i])), names[i]);
        for (char *c = upper; *c; c++)
            *c = (char)(*c - 'a' + 'A');
        assert_text(event_color(str_of(upper)), upper);
    }
}

static void hex_colours_have_three_or_six_digits(void **state)
{
    static const char *const good[] = { "#000", "#fff", "#aF9", "#012345", "#abcdef", "#ABCDEF", "#678999" };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_text(event_color(str_of(good[i])), good[i]);
}

static void any_other_colour_becomes_empty(void **state)
{
    static const char *const bad[] = {
        "",
        "#",
        "#1",
        "#12",
        "#1234",
        "#12345",
        "#1234567",
        "#12345678",
        "#ggg",
        "#00g",
        "#00:",
        "#00`",
        "#00@",
        "#00/",
        "123",
        "123456",
        " red",
        "red ",
        "re",
        "redd",
        "aliceblu",
        "yellowgreenx",
        "transparent",
        "currentcolor",
        "inherit",
        "rgb(0,0,0)",
        "red;x",
        "r\xc3\xa9"
        "d",
        "lightgoldenrodyellow1",
        "[",
        "`",
        "{",
        "@",
        "javascript:alert(1)",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct str color = event_color(str_of(bad[i]));

        if (!color.p || color.n)
            fail_msg("taken: %s", bad[i]);
    }
    assert_int_equal(event_color((struct str){ "red\0", 4 }).n, 0);
    assert_non_null(event_color((struct str){ 0 }).p);
}

static void a_colour_in_an_event_that_is_none_becomes_empty(void **state)
{
    struct event_in ev;
    struct str field;

    (void)state;
    assert_int_equal(read_event(&ev, "{\"event_type\":\"join\",\"color\":\"url(x)\"}", &field), ERR_OK);
    assert_text(ev.color, "");
}

/* ---- out ---- */

static const struct event_out spoken = {
    .type = "send",
    .name = { "Ann", 3 },
    .color = { "blue", 4 },
    .msg = { "a \"b\"\n<c>", 9 },
    .room_id = 26,
    .time_ms = 1795507200123,
    .verified = true,
    .who = "abcdEF-_xxxx",
    .epoch = 0xabc,
    .seq = 7,
};

static void assert_out(const struct buf *out, const char *text)
{
    assert_true(buf_ok(out));
    assert_text(buf_all(out), text);
}

static void a_send_says_all_in_order(void **state)
{
    struct buf out = { 0 };

    (void)state;
    event_json(&out, &spoken);
    assert_out(
        &out,
        "{\"event_type\":\"send\",\"name\":\"Ann\",\"color\":\"blue\",\"msg\":\"a "
        "\\\"b\\\"\\n<c>\",\"room_id\":26,"
        "\"time\":\"2026-11-24T08:00:00.123Z\",\"verified\":true,\"epoch\":\"0000000000000abc\",\"seq\":7,"
        "\"who\":\"abcdEF-_\"}");
    buf_free(&out);
}

static void what_has_no_place_in_the_log_says_no_epoch_and_seq(void **state)
{
    struct event_out ev = spoken;
    struct buf out = { 0 };

    (void)state;
    ev.type = "join";
    ev.color = STR("");
    ev.msg = STR("Ann entered the room.");
    ev.seq = 0;
    ev.verified = false;
    ev.room_id = ROOM_ID_MAX;
    event_json(&out, &ev);
    assert_out(&out,
               "{\"event_type\":\"join\",\"name\":\"Ann\",\"color\":\"\",\"msg\":\"Ann entered the room.\","
               "\"room_id\":9007199254740991,\"time\":\"2026-11-24T08:00:00.123Z\",\"verified\":false,"
               "\"who\":\"abcdEF-_\"}");
    buf_free(&out);
}

static void an_event_that_was_told_can_be_read_as_json(void **state)
{
    struct buf out = { 0 };
    struct event_out ev = spoken;
    struct event_in in;
    struct str field;
    char all[128];

    (void)state;
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (char)i;
    ev.msg = (struct str){ all, sizeof all };
    ev.seq = INT64_MAX;
    ev.epoch = UINT64_MAX;
    event_json(&out, &ev);
    assert_int_equal(event_read(&in, reader, buf_all(&out), &field), ERR_OK);
    assert_true(str_same(in.msg, ev.msg));
    buf_free(&out);
}

static void a_stored_send_is_told_as_it_was(void **state)
{
    struct entry e = {
        .room_id = 26,
        .epoch = 0xabc,
        .seq = 7,
        .time_ms = 1795507200123,
        .kind = ENTRY_SEND,
        .verified = true,
        .who = { 'a', 'b', 'c', 'd', 'E', 'F', '-', '_' },
        .name = { "Ann", 3 },
        .color = { "blue", 4 },
        .msg = { "a \"b\"\n<c>", 9 },
    };
    struct event_out ev;
    struct buf then = { 0 }, now = { 0 };

    (void)state;
    assert_true(event_of_entry(&ev, &e));
    event_json(&then, &spoken);
    event_json(&now, &ev);
    assert_true(str_same(buf_all(&then), buf_all(&now)));
    buf_free(&then);
    buf_free(&now);
}

static void removals_and_removed_sends_are_not_told_to_v1(void **state)
{
    struct entry e = { .kind = ENTRY_REMOVE, .target = 3 };
    struct event_out ev;

    (void)state;
    assert_false(event_of_entry(&ev, &e));
    e = (struct entry){ .kind = ENTRY_SEND, .removed = true };
    assert_false(event_of_entry(&ev, &e));
}

static struct str error_of(struct buf *out, enum err e, struct str field)
{
    buf_clear(out);
    event_error_json(out, e, field, 0);
    assert_true(buf_ok(out));
    return buf_all(out);
}

static void an_error_says_code_text_field_and_what_to_do(void **state)
{
    struct buf out = { 0 };

    (void)state;
    assert_text(
        error_of(&out, ERR_CLIENT_DUPLICATE, STR("A\"nn")),
        "{\"event_type\":\"error\",\"code\":202,\"error\":\"Client error: Duplicate "
        "username\",\"field\":\"A\\\"nn\","
        "\"msg\":\"The name A\\\"nn is taken in this room. Leave, and enter again with another name.\"}");
    buf_free(&out);
}

static void an_error_without_a_field_has_no_such_member(void **state)
{
    struct buf out = { 0 };
    struct json_member want[] = { { .name = "field" }, { .name = "msg" } };

    (void)state;
    assert_true(json_read(reader, error_of(&out, ERR_CLIENT_JSON, (struct str){ 0 }), want, 2));
    assert_int_equal(want[0].kind, JSON_ABSENT);
    assert_int_equal(want[1].kind, JSON_TEXT);
    buf_free(&out);
}

/* The original page shows msg and nothing else. */
static void every_error_has_a_sentence_for_people(void **state)
{
    static const char *const fields[] = {
        "msg",   "name",      "color",     "cid",         "target",
        "since", "send_rate", "join_rate", "members_max", "sockets_per_address",
        "",      NULL
    };
    struct buf out = { 0 };

    (void)state;
    for (int e = ERR_OK + 1; e < ERR_COUNT; e++) {
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
            struct json_member want[] = { { .name = "code" }, { .name = "msg" }, { .name = "error" } };
            int64_t code;

            assert_true(json_read(reader, error_of(&out, (enum err)e, str_of(fields[i])), want, 3));
            assert_true(json_int(&want[0], &code));
            assert_int_equal(code, error_info((enum err)e)->code);
            assert_text(want[2].text, error_info((enum err)e)->text);
            assert_true(want[1].text.n > 20);
            assert_int_equal(want[1].text.p[want[1].text.n - 1], '.');
        }
    }
    buf_free(&out);
}

static void sentences_fit_what_is_wrong(void **state)
{
    static const struct {
        enum err e;
        const char *field, *word;
    } says[] = {
        { ERR_ROOM_CONTENT, "msg", "text" },          { ERR_ROOM_CONTENT, "name", "name" },
        { ERR_ROOM_CONTENT, "cid", "cid" },           { ERR_ROOM_CONTENT, "target", "taken back" },
        { ERR_CLIENT_NOT_FOUND, NULL, "Enter" },      { ERR_CLIENT_DUPLICATE, NULL, "another name" },
        { ERR_TOO_MANY, "send_rate", "too fast" },    { ERR_TOO_MANY, "join_rate", "enter again" },
        { ERR_TOO_MANY, "members_max", "full" },      { ERR_UNAVAILABLE, NULL, "again" },
        { ERR_CLIENT_UNAUTHORIZED, NULL, "may not" },
    };
    struct buf out = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
        struct json_member msg = { .name = "msg" };
        char text[200];

        assert_true(json_read(reader, error_of(&out, says[i].e, str_of(says[i].field)), &msg, 1));
        assert_true(str_copy(text, sizeof text, msg.text));
        if (!strstr(text, says[i].word))
            fail_msg("no \"%s\" in: %s", says[i].word, text);
    }
    buf_free(&out);
}

/* ---- frames ---- */

static void a_frame_has_the_shortest_head_right_before_its_payload(void **state)
{
    static const struct {
        size_t n, head;
        const char *bytes;
    } frames[] = {
        { 0, 2, "\x81\x00" },
        { 1, 2, "\x81\x01" },
        { 125, 2, "\x81\x7d" },
        { 126, 4, "\x81\x7e\x00\x7e" },
        { 255, 4, "\x81\x7e\x00\xff" },
        { 256, 4, "\x81\x7e\x01\x00" },
        { 65535, 4, "\x81\x7e\xff\xff" },
        { 65536, 10, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00" },
        { 0x123456, 10, "\x81\x7f\x00\x00\x00\x00\x00\x12\x34\x56" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        struct buf out = { 0 };
        size_t payload;
        struct str frame;

        buf_text(&out, "before");
        payload = event_frame_begin(&out);
        for (size_t k = 0; k < frames[i].n; k++)
            buf_char(&out, (char)('a' + k % 26));
        frame = event_frame_end(&out, payload);
        assert_int_equal(frame.n, frames[i].head + frames[i].n);
        assert_memory_equal(frame.p, frames[i].bytes, frames[i].head);
        assert_ptr_equal(frame.p + frames[i].head, out.data + payload);
        assert_ptr_equal(frame.p + frame.n, out.data + out.len);
        for (size_t k = 0; k < frames[i].n; k += 7)
            assert_int_equal(frame.p[frames[i].head + k], 'a' + k % 26);
        assert_memory_equal(out.data, "before", 6);
        assert_int_equal(event_frame_length((const uint8_t *)frame.p), frame.n);
        buf_free(&out);
    }
}

static void a_buffer_that_failed_makes_no_frame(void **state)
{
    struct buf out = { .failed = true };

    (void)state;
    assert_int_equal(event_frame_end(&out, event_frame_begin(&out)).n, 0);
    assert_false(buf_ok(&out));
    out.failed = false;
    assert_int_equal(event_frame_end(&out, 0).n, 0);
    assert_int_equal(event_frame_end(&out, 100).n, 0);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_event_is_read),
        cmocka_unit_test(what_is_absent_has_no_text_and_what_is_empty_has),
        cmocka_unit_test(what_is_no_event_is_203_without_a_field),
        cmocka_unit_test(a_member_of_a_wrong_type_is_named),
        cmocka_unit_test(members_that_nobody_reads_may_be_anything),
        cmocka_unit_test(every_css_name_is_a_colour_in_any_case),
        cmocka_unit_test(hex_colours_have_three_or_six_digits),
        cmocka_unit_test(any_other_colour_becomes_empty),
        cmocka_unit_test(a_colour_in_an_event_that_is_none_becomes_empty),
        cmocka_unit_test(a_send_says_all_in_order),
        cmocka_unit_test(what_has_no_place_in_the_log_says_no_epoch_and_seq),
        cmocka_unit_test(an_event_that_was_told_can_be_read_as_json),
        cmocka_unit_test(a_stored_send_is_told_as_it_was),
        cmocka_unit_test(removals_and_removed_sends_are_not_told_to_v1),
        cmocka_unit_test(an_error_says_code_text_field_and_what_to_do),
        cmocka_unit_test(an_error_without_a_field_has_no_such_member),
        cmocka_unit_test(every_error_has_a_sentence_for_people),
        cmocka_unit_test(sentences_fit_what_is_wrong),
        cmocka_unit_test(a_frame_has_the_shortest_head_right_before_its_payload),
        cmocka_unit_test(a_buffer_that_failed_makes_no_frame),
    };

    return cmocka_run_group_tests_name("event", tests, open_reader, close_reader);
}
