/* SPDX-License-Identifier: MIT
 * The growing buffer and its writers (common/buf.h). Each test begins with an empty buffer, its state.
 */
#include "common/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

static int begin(void **state)
{
    *state = calloc(1, sizeof(struct buf));
    return *state ? 0 : -1;
}

static int end(void **state)
{
    buf_free(*state);
    free(*state);
    return 0;
}

/* What is in it, which is then thrown away, must be this and end with NUL. */
static void check(struct buf *b, const char *text)
{
    assert_true(buf_ok(b));
    assert_int_equal(b->len, strlen(text));
    if (b->data)
        assert_string_equal(b->data, text);
    buf_clear(b);
}

static void an_empty_buffer_is_an_empty_text(void **state)
{
    struct buf *b = *state;
    struct str all = buf_all(b);

    assert_true(buf_ok(b));
    assert_non_null(all.p);
    assert_int_equal(all.n, 0);
    buf_bytes(b, NULL, 0);
    buf_str(b, (struct str){ 0 });
    check(b, "");
}

static void it_grows_and_keeps_what_it_has(void **state)
{
    struct buf *b = *state;

    for (int i = 0; i < 100000; i++)
        buf_char(b, (char)('a' + i % 26));
    assert_int_equal(b->len, 100000);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(b->data[i], 'a' + i % 26);
    assert_int_equal(b->data[b->len], 0);
}

static void room_is_exactly_what_was_asked_for_and_a_nul(void **state)
{
    for (size_t n = 0; n < 600; n++) {
        struct buf b = { 0 };
        char *to = buf_room(&b, n);

        assert_non_null(to);
        assert_true(b.size > n);
        memset(to, 'x', n);
        b.len += n;
        assert_int_equal(b.data[n], 0);
        buf_free(&b);
        assert_null(b.data);
    }
    (void)state;
}

static void memory_that_runs_out_is_remembered_until_cleared(void **state)
{
    struct buf *b = *state;

    buf_text(b, "abc");
    assert_null(buf_room(b, SIZE_MAX));
    assert_false(buf_ok(b));
    buf_text(b, "def");
    buf_u64(b, 1);
    buf_hex(b, "x", 1);
    buf_json(b, STR("x"));
    buf_format(b, "%d", 1);
    assert_null(buf_room(b, 0));
    assert_int_equal(b->len, 3);
    assert_string_equal(b->data, "abc");
    buf_clear(b);
    buf_text(b, "ok");
    check(b, "ok");
}

static void sizes_near_the_largest_do_not_wrap(void **state)
{
    struct buf *b = *state;

    buf_char(b, 'x');
    for (size_t n = SIZE_MAX - 4; n; n++) {
        assert_null(buf_room(b, n));
        b->failed = false;
    }
    assert_null(buf_room(b, (size_t)PTRDIFF_MAX));
    b->failed = false;
    buf_hex(b, "x", SIZE_MAX / 2 + 2);
    assert_false(buf_ok(b));
}

static void numbers_are_decimal(void **state)
{
    struct buf *b = *state;

    buf_u64(b, 0);
    check(b, "0");
    buf_u64(b, 10);
    check(b, "10");
    buf_u64(b, UINT64_MAX);
    check(b, "18446744073709551615");
    buf_i64(b, -1);
    check(b, "-1");
    buf_i64(b, INT64_MAX);
    check(b, "9223372036854775807");
    buf_i64(b, INT64_MIN);
    check(b, "-9223372036854775808");
}

static void hexadecimal_keeps_its_zeros(void **state)
{
    struct buf *b = *state;

    buf_hex(b, "\x00\x0f\xf0\xff", 4);
    check(b, "000ff0ff");
    buf_hex(b, "", 0);
    check(b, "");
    buf_hex64(b, 0x1a);
    check(b, "000000000000001a");
    buf_hex64(b, UINT64_MAX);
    check(b, "ffffffffffffffff");
}

static void formats_of_every_length_are_whole(void **state)
{
    struct buf *b = *state;

    for (int n = 0; n < 400; n++) {
        buf_format(b, "%*s|", n, "");
        assert_int_equal(b->len, n + 1);
        assert_int_equal(b->data[n], '|');
        assert_int_equal(b->data[n + 1], 0);
        buf_clear(b);
    }
    errno = ENOENT;
    buf_format(b, "%200s%m", "");
    assert_non_null(strstr(b->data, strerror(ENOENT)));
}

static void json_escapes_what_must_be_and_nothing_else(void **state)
{
    struct buf *b = *state;

    buf_json(b, (struct str){ 0 });
    check(b, "\"\"");
    buf_json(b, STR("plain / 'text' <b>\x7f"));
    check(b, "\"plain / 'text' <b>\x7f\"");
    buf_json(b, STR("\"\\"));
    check(b, "\"\\\"\\\\\"");
    buf_json(b, STR("a\"b\"c"));
    check(b, "\"a\\\"b\\\"c\"");
    buf_json(b, STR("\0\1\2\3\4\5\6\7\b\t\n\v\f\r\16\17"));
    check(b,
          "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f\"");
    buf_json(b, STR("\x1e\x1f "));
    check(b, "\"\\u001e\\u001f \"");
    buf_json(b, STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
    check(b, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

static void json_escapes_the_line_separators_that_javascript_had(void **state)
{
    struct buf *b = *state;

    buf_json(b, STR("a\xe2\x80\xa8"
                    "b\xe2\x80\xa9\xe2\x80\xaa\xe2\x80\xa7"));
    check(b, "\"a\\u2028b\\u2029\xe2\x80\xaa\xe2\x80\xa7\"");
    buf_json(b, (struct str){ "\xe2\x80\xa8", 2 }); /* not UTF-8: what is behind its end is not looked at */
    check(b, "\"\xe2\x80\"");
}

static void html_escapes_text_and_attributes(void **state)
{
    struct buf *b = *state;

    buf_html(b, STR("<a href=\"x\">Tom & 'Jerry'</a>"));
    check(b, "&lt;a href=&quot;x&quot;&gt;Tom &amp; &#39;Jerry&#39;&lt;/a&gt;");
    buf_html(b, STR("plain"));
    check(b, "plain");
    buf_html(b, (struct str){ 0 });
    check(b, "");
}

static void times_are_rfc_3339_with_milliseconds(void **state)
{
    struct buf *b = *state;

    buf_time(b, 0);
    check(b, "1970-01-01T00:00:00.000Z");
    buf_time(b, -1);
    check(b, "1969-12-31T23:59:59.999Z");
    buf_time(b, 1763971200123);
    check(b, "2025-11-24T08:00:00.123Z");
    buf_time(b, 951782400000);
    check(b, "2000-02-29T00:00:00.000Z");
    buf_time(b, 951868800000 - 1);
    check(b, "2000-02-29T23:59:59.999Z");
    buf_time(b, 4107542400000 - 1);
    check(b, "2100-02-28T23:59:59.999Z");
    buf_time(b, 4107542400000);
    check(b, "2100-03-01T00:00:00.000Z");
}

static void times_stay_in_years_of_four_digits(void **state)
{
    struct buf *b = *state;

    buf_time(b, 253402300799999);
    check(b, "9999-12-31T23:59:59.999Z");
    buf_time(b, 253402300800000);
    check(b, "9999-12-31T23:59:59.999Z");
    buf_time(b, INT64_MAX);
    check(b, "9999-12-31T23:59:59.999Z");
    buf_time(b, INT64_MIN);
    check(b, "0000-03-01T00:00:00.000Z");
}

static void every_day_of_800_years_is_the_calendars(void **state)
{
    struct buf *b = *state;
    char text[32];
    struct tm tm;

    for (int64_t day = -146097; day < 146097; day++) {
        time_t s = day * 86400 + 86399;

        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.007Z", gmtime_r(&s, &tm));
        buf_time(b, (int64_t)s * 1000 + 7);
        assert_string_equal(b->data, text);
        buf_clear(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_buffer_is_an_empty_text, begin, end),
        cmocka_unit_test_setup_teardown(it_grows_and_keeps_what_it_has, begin, end),
        cmocka_unit_test(room_is_exactly_what_was_asked_for_and_a_nul),
        cmocka_unit_test_setup_teardown(memory_that_runs_out_is_remembered_until_cleared, begin, end),
        cmocka_unit_test_setup_teardown(sizes_near_the_largest_do_not_wrap, begin, end),
        cmocka_unit_test_setup_teardown(numbers_are_decimal, begin, end),
        cmocka_unit_test_setup_teardown(hexadecimal_keeps_its_zeros, begin, end),
        cmocka_unit_test_setup_teardown(formats_of_every_length_are_whole, begin, end),
        cmocka_unit_test_setup_teardown(json_escapes_what_must_be_and_nothing_else, begin, end),
        cmocka_unit_test_setup_teardown(json_escapes_the_line_separators_that_javascript_had, begin, end),
        cmocka_unit_test_setup_teardown(html_escapes_text_and_attributes, begin, end),
        cmocka_unit_test_setup_teardown(times_are_rfc_3339_with_milliseconds, begin, end),
        cmocka_unit_test_setup_teardown(times_stay_in_years_of_four_digits, begin, end),
        cmocka_unit_test_setup_teardown(every_day_of_800_years_is_the_calendars, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
