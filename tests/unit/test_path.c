/* SPDX-License-Identifier: MIT
 * Request paths and queries (common/path.h), whose bytes are whatever a client sent.
 */
#include "common/path.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Reads a copy that ends where its memory ends, so that a sanitizer sees a step too far. */
static bool reads(struct path *path, struct str target, const char *base)
{
    char *copy = malloc(target.n ? target.n : 1);
    bool good;

    assert_non_null(copy);
    if (target.n)
        memcpy(copy, target.p, target.n);
    good = path_read(path, (struct str){ copy, target.n }, base);
    free(copy);
    return good;
}

static void check(const char *target, const char *base, const char *const *segments)
{
    struct path path;
    size_t n = 0;

    if (!reads(&path, str_of(target), base))
        fail_msg("%s is no path", target);
    for (; segments[n]; n++)
        assert_true(n < path.n && str_is(path.segment[n], segments[n]));
    assert_int_equal(path.n, n);
}

static void check_none(const char *const *targets, const char *base)
{
    struct path path;

    for (; *targets; targets++)
        if (reads(&path, str_of(*targets), base))
            fail_msg("%s is a path", *targets);
}

static void a_target_is_split_at_its_slashes(void **state)
{
    (void)state;
    check("/", "/", (const char *[]){ NULL });
    check("/chats", "/", (const char *[]){ "chats", NULL });
    check("/chats/12/messages/7", "/", (const char *[]){ "chats", "12", "messages", "7", NULL });
    check("/a/b/c/d/e/f", "/", (const char *[]){ "a", "b", "c", "d", "e", "f", NULL });
}

static void more_segments_than_there_are_make_no_path(void **state)
{
    (void)state;
    check_none((const char *[]){ "/a/b/c/d/e/f/g", NULL }, "/");
}

static void the_base_is_taken_off(void **state)
{
    (void)state;
    check("/community/chats/x", "/community", (const char *[]){ "chats", "x", NULL });
    check("/community/chats/x", "/community/", (const char *[]){ "chats", "x", NULL });
    check("/a/b/chats", "/a/b", (const char *[]){ "chats", NULL });
    check("/community", "/community", (const char *[]){ NULL });
    check("/community/", "/community", (const char *[]){ NULL });
    check("/community?q=1", "/community", (const char *[]){ NULL });
    check("/chats", "", (const char *[]){ "chats", NULL });
}

static void what_is_outside_the_base_is_no_path(void **state)
{
    (void)state;
    check_none((const char *[]){ "/communityfoo", "/communityfoo/chats", "/communit", "/", "/chats",
                                 "/Community/chats", "/community//chats", "/x/community/chats", NULL },
               "/community");
}

static void an_absolute_target_has_its_authority_taken_off(void **state)
{
    (void)state;
    check("http://example.org/chats/1", "/", (const char *[]){ "chats", "1", NULL });
    check("HTTPS://example.org:8443/community/chats", "/community", (const char *[]){ "chats", NULL });
    check("http://example.org", "/", (const char *[]){ NULL });
    check("http://example.org?a=/b", "/", (const char *[]){ NULL });
    check_none((const char *[]){ "ftp://example.org/chats", "example.org/chats", "http:/chats", NULL }, "/");
}

static void a_target_must_begin_with_a_slash(void **state)
{
    (void)state;
    check_none((const char *[]){ "", "chats", "*", "?q", "%2Fchats", NULL }, "/");
    check_none((const char *[]){ "", "*", NULL }, "");
    assert_false(path_read(&(struct path){ 0 }, (struct str){ 0 }, "/"));
}

static void segments_are_decoded_once_and_after_the_split(void **state)
{
    (void)state;
    check("/chats/a%2Fb", "/", (const char *[]){ "chats", "a/b", NULL });
    check("/chats/a%252Fb", "/", (const char *[]){ "chats", "a%2Fb", NULL });
    check("/chats/%C3%a9%20%3f%23", "/", (const char *[]){ "chats", "\xc3\xa9 ?#", NULL });
    check("/chats/\xc3\xa9", "/", (const char *[]){ "chats", "\xc3\xa9", NULL });
    check("/chats/a+b", "/", (const char *[]){ "chats", "a+b", NULL });
    check("/%63hats", "/", (const char *[]){ "chats", NULL });
    check("/chats/.../..a", "/", (const char *[]){ "chats", "...", "..a", NULL });
}

static void empty_and_dot_segments_make_no_path(void **state)
{
    (void)state;
    check_none((const char *[]){ "//", "//chats", "/chats/", "/chats//1", "/.", "/..", "/chats/./1",
                                 "/chats/../1", "/chats/..", "/%2e", "/%2E%2e/chats", "/.%2e", NULL },
               "/");
}

static void bad_escapes_make_no_path(void **state)
{
    struct path path;

    (void)state;
    check_none((const char *[]){ "/%", "/%2", "/a%", "/%zz", "/%2g", "/%g2", "/%%41", "/%2/F", "/% 41",
                                 "/%+1", "/%00", "/a%00b", "/%ff", "/%C3", "/%C3/%A9", "/%c0%80",
                                 "/%ed%a0%80", "/\xff", NULL },
               "/");
    assert_false(reads(&path, STR("/a\0b"), "/"));
}

/* A target of "/" and n times the text. */
static bool reads_many(const char *text, size_t n, const char *tail)
{
    struct path path;
    struct buf b = { 0 };
    bool good;

    buf_char(&b, '/');
    for (size_t i = 0; i < n; i++)
        buf_text(&b, text);
    buf_text(&b, tail);
    good = reads(&path, buf_all(&b), "/");
    buf_free(&b);
    return good;
}

static void lengths_end_at_their_limits(void **state)
{
    char four[4 * (PATH_SEGMENT_MAX + 1)]; /* full segments, with "/" between and NUL behind */

    (void)state;
    assert_true(reads_many("a", PATH_SEGMENT_MAX, ""));
    assert_false(reads_many("a", PATH_SEGMENT_MAX + 1, ""));
    assert_true(reads_many("%41", PATH_SEGMENT_MAX, ""));
    assert_false(reads_many("%41", PATH_SEGMENT_MAX + 1, ""));
    memset(four, 'a', sizeof four);
    for (int i = 1; i < 4; i++)
        four[i * (PATH_SEGMENT_MAX + 1) - 1] = '/';
    four[sizeof four - 1] = '\0';
    assert_true(reads_many(four, 1, "")); /* 4 * 1024 = PATH_MAX_BYTES */
    assert_false(reads_many(four, 1, "/a"));
}

static void the_query_is_what_stands_behind_the_first_question_mark(void **state)
{
    struct path path;

    (void)state;
    assert_true(path_read(&path, STR("/chats?a=%zz?/../b"), "/"));
    assert_true(str_is(path.query, "a=%zz?/../b"));
    assert_int_equal(path.n, 1);
    assert_true(path_read(&path, STR("/chats?"), "/"));
    assert_true(str_is(path.query, ""));
    assert_true(path_read(&path, STR("/chats"), "/"));
    assert_null(path.query.p);
    assert_true(path_read(&path, STR("http://host?x"), "/"));
    assert_true(str_is(path.query, "x"));
}

/* value NULL: not found. */
static void check_query(const char *query, const char *name, const char *value)
{
    struct buf b = { 0 };

    buf_text(&b, "kept ");
    assert_int_equal(path_query(str_of(query), name, &b), value != NULL);
    assert_memory_equal(b.data, "kept ", 5);
    assert_string_equal(b.data + 5, value ? value : "");
    assert_int_equal(b.len, 5 + (value ? strlen(value) : 0));
    buf_free(&b);
}

static void the_first_member_of_that_name_is_taken(void **state)
{
    (void)state;
    check_query("limit=5&after=7", "limit", "5");
    check_query("limit=5&after=7", "after", "7");
    check_query("a=1&a=2", "a", "1");
    check_query("a=1=2", "a", "1=2");
    check_query("&&a=1&", "a", "1");
    check_query("a", "a", "");
    check_query("a=", "a", "");
    check_query("b&a=1", "a", "1");
    check_query("aa=1&b=a&%61=2", "a", "2");
    check_query("limits=1&limi=2&LIMIT=3", "limit", NULL);
    check_query("", "a", NULL);
    assert_false(path_query((struct str){ 0 }, "a", &(struct buf){ 0 }));
}

static void query_values_are_decoded_and_a_plus_is_a_space(void **state)
{
    (void)state;
    check_query("q=a+b%2Bc%26d%C3%A9", "q", "a b+c&d\xc3\xa9");
    check_query("my+name=x", "my name", "x");
    check_query("q=%zz", "q", NULL);
    check_query("q=ab%", "q", NULL);
    check_query("q=%00", "q", NULL);
    check_query("q=ab%ff", "q", NULL);
    check_query("%zz=1&q=2", "q", "2");
    check_query("q=%zz&q=1", "q", NULL);
}

static void whole_texts_are_decoded_once(void **state)
{
    static const char *const bad[] = { "a%", "a%4", "a%4z", "a%00", "a%ff", "\xff" };
    struct buf b = { 0 };

    (void)state;
    assert_true(path_decode(&b, STR("a%2Fb+%2541%C3%A9")));
    assert_string_equal(b.data, "a/b+%41\xc3\xa9");
    buf_clear(&b);
    assert_true(path_decode(&b, STR("")));
    assert_int_equal(b.len, 0);
    buf_text(&b, "kept");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(path_decode(&b, str_of(bad[i])));
    assert_string_equal(b.data, "kept");
    assert_int_equal(b.len, 4);
    buf_free(&b);
}

static void all_but_unreserved_characters_are_encoded(void **state)
{
    struct buf b = { 0 };

    (void)state;
    path_encode(&b, STR("azAZ09-._~"));
    assert_string_equal(b.data, "azAZ09-._~");
    buf_clear(&b);
    path_encode(&b, STR("\0 /%?#&+=;:@!$'()*,[]\xc3\xa9\x7f"));
    assert_string_equal(b.data, "%00%20%2F%25%3F%23%26%2B%3D%3B%3A%40%21%24%27%28%29%2A%2C%5B%5D%C3%A9%7F");
    buf_free(&b);
}

static void what_was_encoded_is_decoded_again(void **state)
{
    struct buf plain = { 0 }, encoded = { 0 }, decoded = { 0 };

    (void)state;
    for (int c = 1; c < 128; c++)
        buf_char(&plain, (char)c);
    buf_text(&plain, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    path_encode(&encoded, buf_all(&plain));
    assert_true(path_decode(&decoded, buf_all(&encoded)));
    assert_true(str_same(buf_all(&plain), buf_all(&decoded)));
    buf_free(&plain);
    buf_free(&encoded);
    buf_free(&decoded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_is_split_at_its_slashes),
        cmocka_unit_test(more_segments_than_there_are_make_no_path),
        cmocka_unit_test(the_base_is_taken_off),
        cmocka_unit_test(what_is_outside_the_base_is_no_path),
        cmocka_unit_test(an_absolute_target_has_its_authority_taken_off),
        cmocka_unit_test(a_target_must_begin_with_a_slash),
        cmocka_unit_test(segments_are_decoded_once_and_after_the_split),
        cmocka_unit_test(empty_and_dot_segments_make_no_path),
        cmocka_unit_test(bad_escapes_make_no_path),
        cmocka_unit_test(lengths_end_at_their_limits),
        cmocka_unit_test(the_query_is_what_stands_behind_the_first_question_mark),
        cmocka_unit_test(the_first_member_of_that_name_is_taken),
        cmocka_unit_test(query_values_are_decoded_and_a_plus_is_a_space),
        cmocka_unit_test(whole_texts_are_decoded_once),
        cmocka_unit_test(all_but_unreserved_characters_are_encoded),
        cmocka_unit_test(what_was_encoded_is_decoded_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
