/* SPDX-License-Identifier: MIT
 * JSON in (common/json.h): what is taken, what is refused, and that nothing behind the end is read. Each
 * test's state is a reader, used again and again as the programs do.
 */
#include "common/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "common/buf.h"

static int begin(void **state)
{
    *state = json_reader_new();
    return *state ? 0 : -1;
}

static int end(void **state)
{
    json_reader_free(*state);
    return 0;
}

/* Reads a copy right before a page that cannot be read: a step too far ends the test. */
static bool accepts(struct json_reader *r, struct str text)
{
    enum { PAGE = 4096 };
    struct json_member a = { .name = "a" };
    size_t before = (text.n + PAGE - 1) / PAGE * PAGE;
    char *pages = mmap(NULL, before + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *copy = pages + before - text.n;
    bool good;

    assert_true(pages != MAP_FAILED);
    if (text.n)
        memcpy(copy, text.p, text.n);
    assert_int_equal(mprotect(pages + before, PAGE, PROT_NONE), 0);
    good = json_read(r, (struct str){ copy, text.n }, &a, 1);
    munmap(pages, before + PAGE);
    return good;
}

static void check_all(struct json_reader *r, const char *const *texts, bool good)
{
    for (; *texts; texts++)
        if (accepts(r, str_of(*texts)) != good)
            fail_msg("%s: %s", good ? "refused" : "accepted", *texts);
}

/* {"a":…} around each. */
static void check_values(struct json_reader *r, const char *const *values, bool good)
{
    char text[256];

    for (; *values; values++) {
        snprintf(text, sizeof text, "{\"a\":%s}", *values);
        check_all(r, (const char *[]){ text, NULL }, good);
        snprintf(text, sizeof text, "{\"b\":[%s , {\"c\":%s}]}", *values, *values);
        check_all(r, (const char *[]){ text, NULL }, good);
    }
}

static void an_object_alone_is_taken(void **state)
{
    check_all(*state,
              (const char *[]){ "{}", " \t\r\n{ \t\r\n} \t\r\n", "{\"a\":1}", "{ \"a\" : 1 , \"b\" : 2 }",
                                "{\"\":1}", NULL },
              true);
    check_all(*state, (const char *[]){ "",           " ",          "1",
                                        "\"a\"",      "null",       "[]",
                                        "[{}]",       "{",          "}",
                                        "{}{}",       "{},",        "{}x",
                                        "x{}",        "{\"a\"}",    "{\"a\":}",
                                        "{\"a\":1",   "{\"a\":1,}", "{,}",
                                        "{,\"a\":1}", "{\"a\" 1}",  "{\"a\":1 \"b\":2}",
                                        "{a:1}",      "{'a':1}",    "{1:1}",
                                        "{\"a\":1}}", "{\"a\":1]",  "\xef\xbb\xbf{}",
                                        "\f{}",       "{}\v",       "/**/{}",
                                        "{}//",       "{\"a\":1;}", NULL },
              false);
    assert_false(accepts(*state, (struct str){ 0 }));
    assert_false(accepts(*state, STR("{}\0")));
    assert_false(accepts(*state, STR("{\0}")));
}

static void numbers_follow_the_grammar(void **state)
{
    check_values(*state,
                 (const char *[]){ "0", "-0", "1", "-1", "10", "1234567890123456789012345678901234567890",
                                   "0.0", "1.50", "-0.1", "1e1", "1E1", "1e+1", "1e-1", "1.5e10", "0e0",
                                   "1e999", NULL },
                 true);
    check_values(*state,
                 (const char *[]){ "",     "-",    "+1",       "00",        "01",  "-01",      ".5", "1.",
                                   "1.e1", "1e",   "1e+",      "e1",        "--1", "0x1",      "1a", "1 2",
                                   "NaN",  "-NaN", "Infinity", "-Infinity", "inf", "\xd9\xa1", NULL },
                 false);
}

static void words_are_the_three_in_lower_case(void **state)
{
    check_values(*state, (const char *[]){ "true", "false", "null", NULL }, true);
    check_values(*state,
                 (const char *[]){ "True", "TRUE", "nul", "nulll", "tru", "truefalse", "undefined", "f", "t",
                                   "n", NULL },
                 false);
    assert_false(accepts(*state, STR("{\"a\":nul")));
}

static void arrays_follow_the_grammar(void **state)
{
    check_values(*state, (const char *[]){ "[]", "[ ]", "[1]", "[1,[2,[]],{}]", "[ 1 , 2 ]", NULL }, true);
    check_values(*state,
                 (const char *[]){ "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "]", "[1]]", NULL },
                 false);
}

static void texts_take_the_escapes_of_the_standard_alone(void **state)
{
    check_values(*state,
                 (const char *[]){ "\"\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\"",
                                   "\"\\uABCD\\uabcd\"", "\"\x7f\"", "\"\xe2\x80\xa8\"", "\"\\ud800\"",
                                   NULL },
                 true);
    check_values(*state,
                 (const char *[]){ "\"",         "\"\\\"",      "\"\\",        "\"\\x41\"",   "\"\\a\"",
                                   "\"\\v\"",    "\"\\0\"",     "\"\\'\"",     "\"\\U0041\"", "\"\\u\"",
                                   "\"\\u004\"", "\"\\u004g\"", "\"\\u+041\"", "\"\\u 041\"", "\"\n\"",
                                   "\"\t\"",     "\"\x01\"",    "\"\x1f\"",    "'a'",         "\"a\"\"b\"",
                                   NULL },
                 false);
    assert_false(accepts(*state, STR("{\"a\":\"\0\"}")));
    assert_false(accepts(*state, STR("{\"a\":\"\\\0\"}")));
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
    check_values(*state,
                 (const char *[]){ "\"\xff\"", "\"\xc3\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
                                   "\"\xf4\x90\x80\x80\"", "\xc3\xa9", NULL },
                 false);
    check_all(*state, (const char *[]){ "{\"\xff\":1}", "{}\xff", NULL }, false);
    check_values(*state, (const char *[]){ "\"\xc3\xa9\xf0\x9f\x98\x80\"", NULL }, true);
}

static void every_part_of_a_text_is_refused(void **state)
{
    static const char text[] = "{\"a\":[true,-1.5e3,\"x\\u00e9\\n\xc3\xa9\"],\"b\":{\"c\":null}}";

    assert_true(accepts(*state, STR(text)));
    for (size_t n = 0; n < sizeof text - 1; n++)
        assert_false(accepts(*state, (struct str){ text, n }));
}

static void nest(struct buf *b, const char *open, const char *close, int n)
{
    buf_clear(b);
    buf_text(b, "{\"a\":");
    for (int i = 1; i < n; i++)
        buf_text(b, open);
    buf_text(b, "1");
    for (int i = 1; i < n; i++)
        buf_text(b, close);
    buf_text(b, "}");
}

static void nesting_ends_at_its_limit(void **state)
{
    static const char *const pairs[][2] = { { "[", "]" }, { "{\"a\":", "}" }, { "[{\"a\":", "}]" } };
    struct buf b = { 0 };

    for (size_t i = 0; i < 2; i++) {
        nest(&b, pairs[i][0], pairs[i][1], JSON_DEPTH_MAX);
        assert_true(accepts(*state, buf_all(&b)));
        nest(&b, pairs[i][0], pairs[i][1], JSON_DEPTH_MAX + 1);
        assert_false(accepts(*state, buf_all(&b)));
    }
    nest(&b, "[", "", 100000);
    assert_false(accepts(*state, buf_all(&b)));
    nest(&b, pairs[2][0], pairs[2][1], 8);
    assert_true(accepts(*state, buf_all(&b)));
    nest(&b, pairs[2][0], pairs[2][1], 9);
    assert_false(accepts(*state, buf_all(&b)));
    buf_free(&b);
}

/* "0":1,"1":1,… of n members. */
static void members(struct buf *b, int n)
{
    buf_char(b, '{');
    for (int i = 0; i < n; i++)
        buf_format(b, "%s\"%d\":1", i ? "," : "", i);
    buf_char(b, '}');
}

static void an_object_has_so_many_members_at_most(void **state)
{
    struct buf b = { 0 };

    members(&b, JSON_MEMBERS_MAX);
    assert_true(accepts(*state, buf_all(&b)));
    buf_clear(&b);
    members(&b, JSON_MEMBERS_MAX + 1);
    assert_false(accepts(*state, buf_all(&b)));
    buf_clear(&b);
    buf_text(&b, "{\"a\":[");
    for (int i = 0; i < 40; i++) {
        buf_text(&b, i ? "," : "");
        members(&b, JSON_MEMBERS_MAX);
    }
    buf_text(&b, "]}");
    assert_true(accepts(*state, buf_all(&b)));
    buf_clear(&b);
    buf_text(&b, "{\"a\":");
    members(&b, JSON_MEMBERS_MAX + 1);
    buf_text(&b, "}");
    assert_false(accepts(*state, buf_all(&b)));
    buf_free(&b);
}

static void full_objects_nest_to_the_limit(void **state)
{
    struct buf b = { 0 };

    for (int depth = 0; depth < JSON_DEPTH_MAX; depth++) {
        buf_char(&b, '{');
        for (int i = 1; i < JSON_MEMBERS_MAX; i++)
            buf_format(&b, "\"%d\":1,", i);
        buf_text(&b, "\"last\":");
    }
    buf_text(&b, "1");
    for (int depth = 0; depth < JSON_DEPTH_MAX; depth++)
        buf_char(&b, '}');
    assert_true(accepts(*state, buf_all(&b)));
    buf_free(&b);
}

static void repeated_members_are_refused_however_they_are_written(void **state)
{
    check_all(*state,
              (const char *[]){ "{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}", "{\"\\u0061\":1,\"a\":2}",
                                "{\"x\\/\":1,\"y\":1,\"x/\":1}", "{\"\":1,\"\":2}",
                                "{\"b\":{\"c\":1,\"c\":2}}", "{\"b\":[{},{\"c\":1,\"d\":1,\"c\":2}]}",
                                "{\"b\":{\"c\":1},\"b\":2}", "{\"\xc3\xa9\":1,\"\\u00e9\":2}",
                                "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}",
                                "{\"\\ud800\":1,\"\\udfff\":2}", NULL },
              false);
    check_all(*state,
              (const char *[]){ "{\"a\":1,\"A\":1}", "{\"a\":{\"a\":{\"a\":1}}}", "{\"a\":1,\"ab\":1,\"\":1}",
                                "{\"b\":{\"c\":1},\"c\":2}", "{\"b\":[{\"c\":1},{\"c\":1}]}",
                                "{\"\xc3\xa9\":1,\"e\xcc\x81\":2}", NULL },
              true);
}

static void nul_may_be_in_a_value_but_not_in_a_name(void **state)
{
    struct json_member a = { .name = "a" };

    assert_true(json_read(*state, STR("{\"a\":\"x\\u0000y\"}"), &a, 1));
    assert_int_equal(a.text.n, 3);
    assert_memory_equal(a.text.p, "x\0y", 3);
    check_all(*state,
              (const char *[]){ "{\"a\\u0000\":1}", "{\"\\u0000\":1}", "{\"b\":{\"\\u0000a\":1}}", NULL },
              false);
}

static void wanted_members_are_found_with_their_kinds(void **state)
{
    struct json_member m[] = { { .name = "text" },    { .name = "number" }, { .name = "yes" },
                               { .name = "nothing" }, { .name = "list" },   { .name = "thing" },
                               { .name = "missing" }, { .name = "" } };
    static const enum json_kind kinds[] = { JSON_TEXT,  JSON_NUMBER, JSON_BOOL,   JSON_NULL,
                                            JSON_ARRAY, JSON_OBJECT, JSON_ABSENT, JSON_TEXT };
    static const char *const texts[] = { "some", "-1.5", "true", "null", "[1, \"]\"]", "{ \"text\" : 2 }",
                                         NULL,   "" };

    assert_true(json_read(*state,
                          STR("{\"other\":{\"missing\":1},\"thing\" : { \"text\" : 2 } ,\"list\":[1, \"]\"],"
                              "\"nothing\":null,\"yes\":true,\"number\":-1.5,\"text\":\"some\",\"\":\"\"}"),
                          m, 8));
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(m[i].kind, kinds[i]);
        assert_true(texts[i] ? str_is(m[i].text, texts[i]) : !m[i].text.p);
    }
}

static void only_whole_names_of_the_outer_object_are_found(void **state)
{
    struct json_member m = { .name = "name" };

    assert_true(
        json_read(*state, STR("{\"nam\":1,\"names\":2,\"Name\":3,\"x\":{\"name\":4},\"\":5}"), &m, 1));
    assert_int_equal(m.kind, JSON_ABSENT);
}

static void names_with_escapes_are_found(void **state)
{
    struct json_member m[] = { { .name = "event_type" }, { .name = "msg" } };

    assert_true(
        json_read(*state, STR("{\"\\u0065vent\\u005ftype\":\"s\\u0065nd\",\"\\u006dsg\":\"a\\nb\"}"), m, 2));
    assert_true(str_is(m[0].text, "send"));
    assert_true(str_is(m[1].text, "a\nb"));
}

static void check_text(struct json_reader *r, const char *json, const char *text)
{
    struct json_member a = { .name = "a" };
    struct buf b = { 0 };

    buf_format(&b, "{\"a\":\"%s\"}", json);
    assert_true(json_read(r, buf_all(&b), &a, 1));
    assert_int_equal(a.kind, JSON_TEXT);
    if (!str_is(a.text, text))
        fail_msg("%s became %.*s", json, (int)a.text.n, a.text.p);
    buf_free(&b);
}

static void escapes_become_what_they_stand_for(void **state)
{
    check_text(*state, "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t");
    check_text(*state, "\\u0041\\u00e9\\u20AC\\uFFFF", "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf");
    check_text(*state, "\\ud83d\\ude00", "\xf0\x9f\x98\x80");
    check_text(*state, "\\uDBFF\\uDFFF", "\xf4\x8f\xbf\xbf");
    check_text(*state, "x\xc3\xa9\\\\u0041", "x\xc3\xa9\\u0041");
}

static void lone_surrogates_become_replacement_characters(void **state)
{
    check_text(*state, "\\ud800", "\xef\xbf\xbd");
    check_text(*state, "\\udfffx", "\xef\xbf\xbdx");
    check_text(*state, "\\ud800\\u0041",
               "\xef\xbf\xbd"
               "A");
    check_text(*state, "\\ud800\\n", "\xef\xbf\xbd\n");
    check_text(*state, "\\ud800\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80");
    check_text(*state, "\\ude00\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd");
}

static void texts_stay_whole_beside_each_other(void **state)
{
    struct json_member m[] = { { .name = "a" }, { .name = "b" }, { .name = "c" }, { .name = "d" } };
    struct buf b = { 0 };

    buf_text(&b, "{\"a\":\"\\n1\",\"\\u0062\":\"\\n2\",\"c\":\"plain\",\"d\":\"\\n");
    for (int i = 0; i < 5000; i++)
        buf_text(&b, "\\ud800");
    buf_text(&b, "\"}");
    assert_true(json_read(*state, buf_all(&b), m, 4));
    assert_true(str_is(m[0].text, "\n1"));
    assert_true(str_is(m[1].text, "\n2"));
    assert_true(str_is(m[2].text, "plain"));
    assert_int_equal(m[3].text.n, 15001);
    buf_free(&b);
}

static void nothing_is_found_in_a_text_that_is_refused(void **state)
{
    struct json_member m[] = { { .name = "a", .kind = JSON_TEXT, .text = STR("old") }, { .name = "b" } };

    assert_false(json_read(*state, STR("{\"a\":\"x\",\"b\":1,}"), m, 2));
    assert_int_equal(m[0].kind, JSON_ABSENT);
    assert_null(m[0].text.p);
    assert_int_equal(m[1].kind, JSON_ABSENT);
    assert_true(json_read(*state, STR("{\"b\":2}"), m, 2));
    assert_int_equal(m[0].kind, JSON_ABSENT);
    assert_true(str_is(m[1].text, "2"));
}

static bool read_int(struct json_reader *r, const char *json, int64_t *out)
{
    struct json_member a = { .name = "a" };
    struct buf b = { 0 };
    bool good;

    buf_format(&b, "{\"a\":%s}", json);
    assert_true(json_read(r, buf_all(&b), &a, 1));
    good = json_int(&a, out);
    buf_free(&b);
    return good;
}

static void integers_are_whole_and_fit(void **state)
{
    static const char *const bad[] = {
        "1.0",  "1e3",  "1E0", "9223372036854775808",           "-9223372036854775809", "\"1\"",
        "true", "null", "[1]", "123456789012345678901234567890"
    };
    int64_t v;

    assert_true(read_int(*state, "0", &v) && v == 0);
    assert_true(read_int(*state, "-0", &v) && v == 0);
    assert_true(read_int(*state, "-12", &v) && v == -12);
    assert_true(read_int(*state, "9223372036854775807", &v) && v == INT64_MAX);
    assert_true(read_int(*state, "-9223372036854775808", &v) && v == INT64_MIN);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(read_int(*state, bad[i], &v));
    assert_false(json_int(&(struct json_member){ .name = "a" }, &v));
}

static void check_elements(struct json_reader *r, const char *json, const char *const *elements)
{
    struct json_member a = { .name = "a" };
    struct buf b = { 0 };
    struct str rest, element;

    buf_format(&b, "{\"a\":%s}", json);
    assert_true(json_read(r, buf_all(&b), &a, 1));
    rest = a.text;
    for (; *elements; elements++) {
        assert_true(json_next(&rest, &element));
        assert_true(str_is(element, *elements));
    }
    assert_false(json_next(&rest, &element));
    assert_false(json_next(&rest, &element));
    buf_free(&b);
}

static void elements_come_one_by_one_as_they_stood(void **state)
{
    check_elements(*state, "[]", (const char *[]){ NULL });
    check_elements(*state, "{ }", (const char *[]){ NULL });
    check_elements(*state, "[ 1 , \"a,]\\\"\\\\\" ,\n[2,[3]],{\"x\":[4]}\t]",
                   (const char *[]){ "1", "\"a,]\\\"\\\\\"", "[2,[3]]", "{\"x\":[4]}", NULL });
    check_elements(*state, "[[1],[],[[]]]", (const char *[]){ "[1]", "[]", "[[]]", NULL });
    check_elements(*state, "{\"a\" : 1, \"}\":{\"b\":2} }",
                   (const char *[]){ "\"a\" : 1", "\"}\":{\"b\":2}", NULL });
    check_elements(*state, "[\"\"]", (const char *[]){ "\"\"", NULL });
}

static void an_absent_member_has_no_elements(void **state)
{
    struct str rest = { 0 }, element;

    (void)state;
    assert_false(json_next(&rest, &element));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_object_alone_is_taken, begin, end),
        cmocka_unit_test_setup_teardown(numbers_follow_the_grammar, begin, end),
        cmocka_unit_test_setup_teardown(words_are_the_three_in_lower_case, begin, end),
        cmocka_unit_test_setup_teardown(arrays_follow_the_grammar, begin, end),
        cmocka_unit_test_setup_teardown(texts_take_the_escapes_of_the_standard_alone, begin, end),
        cmocka_unit_test_setup_teardown(bytes_that_are_not_utf8_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(every_part_of_a_text_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(nesting_ends_at_its_limit, begin, end),
        cmocka_unit_test_setup_teardown(an_object_has_so_many_members_at_most, begin, end),
        cmocka_unit_test_setup_teardown(full_objects_nest_to_the_limit, begin, end),
        cmocka_unit_test_setup_teardown(repeated_members_are_refused_however_they_are_written, begin, end),
        cmocka_unit_test_setup_teardown(nul_may_be_in_a_value_but_not_in_a_name, begin, end),
        cmocka_unit_test_setup_teardown(wanted_members_are_found_with_their_kinds, begin, end),
        cmocka_unit_test_setup_teardown(only_whole_names_of_the_outer_object_are_found, begin, end),
        cmocka_unit_test_setup_teardown(names_with_escapes_are_found, begin, end),
        cmocka_unit_test_setup_teardown(escapes_become_what_they_stand_for, begin, end),
        cmocka_unit_test_setup_teardown(lone_surrogates_become_replacement_characters, begin, end),
        cmocka_unit_test_setup_teardown(texts_stay_whole_beside_each_other, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_found_in_a_text_that_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(integers_are_whole_and_fit, begin, end),
        cmocka_unit_test_setup_teardown(elements_come_one_by_one_as_they_stood, begin, end),
        cmocka_unit_test(an_absent_member_has_no_elements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
