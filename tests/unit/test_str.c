/* SPDX-License-Identifier: MIT
 * Texts with lengths (common/str.h).
 */
#include "common/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void equal_texts_are_the_same_and_absent_is_like_empty(void **state)
{
    (void)state;
    assert_true(str_same(STR("abc"), (struct str){ "abcd", 3 }));
    assert_false(str_same(STR("abc"), STR("abd")));
    assert_false(str_same(STR("abc"), STR("ab")));
    assert_true(str_same(STR(""), (struct str){ 0 }));
}

static void a_word_is_only_itself(void **state)
{
    (void)state;
    assert_true(str_is(STR("join"), "join"));
    assert_false(str_is(STR("Join"), "join"));
    assert_false(str_is(STR("joi"), "join"));
    assert_false(str_is(STR("join\0"), "join"));
    assert_true(str_is(STR(""), ""));
    assert_false(str_is((struct str){ 0 }, ""));
}

static void without_case_only_letters_of_ascii_are_the_same(void **state)
{
    (void)state;
    assert_true(str_is_nocase(STR("WebSocket"), "websocket"));
    assert_true(str_is_nocase(STR("azAZ"), "AZaz"));
    assert_false(str_is_nocase(STR("@"), "`"));
    assert_false(str_is_nocase(STR("["), "{"));
    assert_false(str_is_nocase(STR("\xc3\x84"), "\xc3\xa4"));
    assert_false(str_is_nocase(STR("a"), "ab"));
    assert_false(str_is_nocase((struct str){ 0 }, ""));
}

static void a_prefix_may_be_the_whole_text(void **state)
{
    (void)state;
    assert_true(str_begins(STR("bearer.x"), "bearer."));
    assert_true(str_begins(STR("bearer."), "bearer."));
    assert_false(str_begins(STR("bearer"), "bearer."));
    assert_true(str_begins(STR(""), ""));
    assert_false(str_begins((struct str){ 0 }, ""));
}

static void trimming_takes_spaces_and_tabs_off_both_ends(void **state)
{
    (void)state;
    assert_true(str_is(str_trim(STR(" \t a b\t ")), "a b"));
    assert_true(str_is(str_trim(STR("a")), "a"));
    assert_true(str_is(str_trim(STR(" \t")), ""));
    assert_true(str_is(str_trim(STR("")), ""));
    assert_true(str_is(str_trim(STR("\na\r")), "\na\r"));
    assert_null(str_trim((struct str){ 0 }).p);
}

static void check_parts(struct str rest, const char *const *parts)
{
    struct str part;

    for (; *parts; parts++) {
        assert_true(str_next(&rest, ',', &part));
        assert_true(str_is(part, *parts));
    }
    assert_false(str_next(&rest, ',', &part));
    assert_false(str_next(&rest, ',', &part));
}

static void splitting_gives_one_part_more_than_there_are_separators(void **state)
{
    (void)state;
    check_parts(STR("a,,b"), (const char *[]){ "a", "", "b", NULL });
    check_parts(STR("a"), (const char *[]){ "a", NULL });
    check_parts(STR("a,"), (const char *[]){ "a", "", NULL });
    check_parts(STR(",a"), (const char *[]){ "", "a", NULL });
    check_parts(STR(""), (const char *[]){ "", NULL });
    check_parts((struct str){ 0 }, (const char *[]){ NULL });
}

static void numbers_are_digits_and_must_fit(void **state)
{
    uint64_t v = 7;

    (void)state;
    assert_true(str_to_u64(STR("0"), &v) && v == 0);
    assert_true(str_to_u64(STR("007"), &v) && v == 7);
    assert_true(str_to_u64(STR("18446744073709551615"), &v) && v == UINT64_MAX);
    v = 7;
    assert_false(str_to_u64(STR("18446744073709551616"), &v));
    assert_false(str_to_u64(STR("18446744073709551620"), &v));
    assert_false(str_to_u64(STR("99999999999999999999999"), &v));
    assert_false(str_to_u64(STR(""), &v));
    assert_false(str_to_u64((struct str){ 0 }, &v));
    assert_false(str_to_u64(STR("-1"), &v));
    assert_false(str_to_u64(STR("+1"), &v));
    assert_false(str_to_u64(STR(" 1"), &v));
    assert_false(str_to_u64(STR("1 "), &v));
    assert_false(str_to_u64(STR("1\0"), &v));
    assert_false(str_to_u64(STR("0x1"), &v));
    assert_false(str_to_u64(STR("/"), &v));
    assert_false(str_to_u64(STR(":"), &v));
    assert_int_equal(v, 7);
}

static void hexadecimal_has_two_digits_for_each_byte(void **state)
{
    uint8_t out[3];

    (void)state;
    assert_true(str_from_hex(STR("00fFa9"), out, 3));
    assert_memory_equal(out, "\x00\xff\xa9", 3);
    assert_true(str_from_hex(STR(""), out, 0));
    assert_false(str_from_hex(STR("00ff"), out, 3));
    assert_false(str_from_hex(STR("00ffa"), out, 3));
    assert_false(str_from_hex(STR("00ffa"), out, 2));
    assert_false(str_from_hex(STR("00ffa9a"), out, 3));
    assert_false(str_from_hex(STR("00fg"), out, 2));
    assert_false(str_from_hex(STR("g0ff"), out, 2));
    assert_false(str_from_hex(STR("/0"), out, 1));
    assert_false(str_from_hex(STR(":0"), out, 1));
    assert_false(str_from_hex(STR("@0"), out, 1));
    assert_false(str_from_hex(STR("`0"), out, 1));
}

static void a_copy_fits_with_its_end_or_is_empty(void **state)
{
    char out[4] = "xyz";

    (void)state;
    assert_true(str_copy(out, sizeof out, STR("abc")));
    assert_string_equal(out, "abc");
    assert_false(str_copy(out, sizeof out, STR("abcd")));
    assert_string_equal(out, "");
    assert_true(str_copy(out, sizeof out, (struct str){ 0 }));
    assert_string_equal(out, "");
    assert_true(str_copy(out, sizeof out, STR("ab")));
    assert_false(str_copy(out, sizeof out, STR("a\0b")));
    assert_string_equal(out, "");
    assert_false(str_copy(NULL, 0, STR("")));
}

static void texts_are_put_one_behind_the_other(void **state)
{
    char room[] = "......", *at = room;
    struct str first = str_put(&at, STR("ab")), none = str_put(&at, (struct str){ 0 }),
               last = str_put(&at, STR("c\0d"));

    (void)state;
    assert_true(first.p == room && str_is(first, "ab"));
    assert_true(none.p == room + 2 && none.n == 0);
    assert_true(last.p == room + 2 && str_same(last, STR("c\0d")));
    assert_ptr_equal(at, room + 5);
    assert_memory_equal(room, "abc\0d.", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_are_the_same_and_absent_is_like_empty),
        cmocka_unit_test(a_word_is_only_itself),
        cmocka_unit_test(without_case_only_letters_of_ascii_are_the_same),
        cmocka_unit_test(a_prefix_may_be_the_whole_text),
        cmocka_unit_test(trimming_takes_spaces_and_tabs_off_both_ends),
        cmocka_unit_test(splitting_gives_one_part_more_than_there_are_separators),
        cmocka_unit_test(numbers_are_digits_and_must_fit),
        cmocka_unit_test(hexadecimal_has_two_digits_for_each_byte),
        cmocka_unit_test(a_copy_fits_with_its_end_or_is_empty),
        cmocka_unit_test(texts_are_put_one_behind_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
