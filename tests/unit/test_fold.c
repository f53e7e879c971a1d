/* SPDX-License-Identifier: MIT
 * Unicode (common/fold.h): well-formed UTF-8, NFC, keys without case, lengths, forbidden characters.
 */
#include "common/fold.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void well_formed_utf8_is_known_at_every_boundary(void **state)
{
    static const char *const good[] = { "",
                                        "plain ascii, longer than eight",
                                        "\x7f",
                                        "\xc2\x80",
                                        "\xdf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xef\xbf\xbf",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf",
                                        "12345678\xc3\xa9"
                                        "12345678\xe2\x82\xac" };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(fold_utf8(str_of(good[i])));
    assert_true(fold_utf8((struct str){ 0 }));
    assert_true(fold_utf8(STR("a\0b")));
}

static void what_is_not_utf8_is_refused_wherever_it_stands(void **state)
{
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x7f",
        "\xc2\xc0",
        "\xe0\x9f\xbf",
        "\xe0\xa0",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe2\x82",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x90\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80",
        "\xff",
        "\xfe",
        "\xf8\x88\x80\x80",
        "\xc3\xa9\xa9",
        "\xe2\x28\xa1",
        "\xe2\x82\x28",
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int before = 0; before < 20; before++) {
            snprintf(text, sizeof text, "%.*s%s", before, "abcdefghijklmnopqrstuvwxyz", bad[i]);
            assert_false(fold_utf8(str_of(text)));
            snprintf(text, sizeof text, "%.*s%stail", before, "abcdefghijklmnopqrstuvwxyz", bad[i]);
            assert_false(fold_utf8(str_of(text)));
        }
}

/* Of a text that ends where its memory ends, so that a sanitizer sees a step too far. */
static void nothing_behind_the_end_is_read(void **state)
{
    static const char text[] = "abcdefghij\xf0\x9f\x98\x80";

    (void)state;
    for (size_t n = 0; n < sizeof text; n++) {
        char *copy = malloc(n ? n : 1);
        bool whole = n <= 10 || n == sizeof text - 1;

        assert_non_null(copy);
        memcpy(copy, text, n);
        assert_int_equal(fold_utf8((struct str){ copy, n }), whole);
        assert_int_equal(fold_clean((struct str){ copy, n }), whole);
        assert_false(fold_outer_space((struct str){ copy, n }));
        free(copy);
    }
}

typedef bool fold(struct buf *out, struct str s);

static void check(fold *f, const char *from, const char *to)
{
    struct buf b = { 0 };

    buf_text(&b, "before:");
    assert_true(f(&b, str_of(from)));
    assert_memory_equal(b.data, "before:", 7);
    assert_string_equal(b.data + 7, to);
    assert_int_equal(b.len, strlen(to) + 7);
    buf_free(&b);
}

static void nfc_composes_and_orders_marks(void **state)
{
    (void)state;
    check(fold_nfc, "", "");
    check(fold_nfc, "Plain", "Plain");
    check(fold_nfc, "e\xcc\x81", "\xc3\xa9");
    check(fold_nfc, "\xc3\xa9", "\xc3\xa9");
    check(fold_nfc, "\xe2\x84\xab", "\xc3\x85");                 /* Angstrom sign */
    check(fold_nfc, "q\xcc\x87\xcc\xa3", "q\xcc\xa3\xcc\x87");   /* dots above and below */
    check(fold_nfc, "\xe1\x84\x80\xe1\x85\xa1", "\xea\xb0\x80"); /* Hangul */
    check(fold_nfc, "\xef\xac\x81", "\xef\xac\x81");             /* compatibility characters stay */
    check(fold_nfc, "\xf0\x9f\x98\x80\xcc\x81", "\xf0\x9f\x98\x80\xcc\x81");
}

static void keys_are_the_same_without_case_and_however_composed(void **state)
{
    (void)state;
    check(fold_key, "", "");
    check(fold_key, "The LOBBY AZaz [@`{] 09", "the lobby azaz [@`{] 09");
    check(fold_key, "Caf\xc3\x89", "caf\xc3\xa9");
    check(fold_key, "CAFE\xcc\x81", "caf\xc3\xa9");
    check(fold_key,
          "Stra\xc3\x9f"
          "e",
          "strasse");
    check(fold_key, "\xce\xa3\xcf\x82", "\xcf\x83\xcf\x83"); /* sigmas */
    check(fold_key, "\xc4\xb0", "i\xcc\x87");                /* no Turkish rules */
    check(fold_key, "\xd0\x9c\xd0\xb8\xd1\x80", "\xd0\xbc\xd0\xb8\xd1\x80");
    check(fold_key, "\xf0\x90\x90\x80", "\xf0\x90\x90\xa8"); /* Deseret */
    check(fold_key, "I", "i");
}

static void what_is_not_utf8_appends_nothing(void **state)
{
    static fold *const folds[] = { fold_nfc, fold_key };
    struct buf b = { 0 };

    (void)state;
    buf_text(&b, "kept");
    for (size_t i = 0; i < 2; i++) {
        assert_false(folds[i](&b, STR("a\xff")));
        assert_false(folds[i](&b, STR("\xed\xa0\x80")));
        assert_string_equal(b.data, "kept");
    }
    buf_free(&b);
}

static void a_buffer_without_memory_says_false(void **state)
{
    struct buf b = { .failed = true };

    (void)state;
    assert_false(fold_nfc(&b, STR("a")));
    assert_false(fold_nfc(&b, STR("\xc3\xa9")));
    assert_false(fold_key(&b, STR("a")));
    assert_false(fold_key(&b, STR("\xc3\xa9")));
}

static void nul_is_a_character_like_others(void **state)
{
    struct buf b = { 0 };

    (void)state;
    assert_true(fold_key(&b, STR("\xc3\x89\0A")));
    assert_int_equal(b.len, 4);
    assert_memory_equal(b.data, "\xc3\xa9\0a", 4);
    buf_free(&b);
}

static size_t utf8_of(uint32_t c, char out[4])
{
    if (c < 0x80)
        return out[0] = (char)c, 1;
    if (c < 0x800)
        return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
    if (c < 0x10000)
        return out[0] = (char)(0xe0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 63)),
               out[2] = (char)(0x80 | (c & 63)), 3;
    return out[0] = (char)(0xf0 | c >> 18), out[1] = (char)(0x80 | (c >> 12 & 63)),
           out[2] = (char)(0x80 | (c >> 6 & 63)), out[3] = (char)(0x80 | (c & 63)), 4;
}

static void every_character_has_a_key_of_at_most_nine_bytes_a_byte_that_is_its_own(void **state)
{
    struct buf key = { 0 }, again = { 0 };
    char text[4];

    (void)state;
    for (uint32_t c = 0; c < 0x20000; c++) {
        size_t n = utf8_of(c, text);
        bool good = c < 0xd800 || c > 0xdfff;

        buf_clear(&key);
        buf_clear(&again);
        assert_int_equal(fold_key(&key, (struct str){ text, n }), good);
        if (!good)
            continue;
        assert_true(key.len >= 1 && key.len <= 9 * n);
        assert_int_equal(fold_length((struct str){ text, n }), 1);
        assert_true(fold_key(&again, buf_all(&key)));
        assert_true(str_same(buf_all(&key), buf_all(&again)));
    }
    buf_free(&key);
    buf_free(&again);
}

static void lengths_are_code_points(void **state)
{
    (void)state;
    assert_int_equal(fold_length(STR("")), 0);
    assert_int_equal(fold_length(STR("abc")), 3);
    assert_int_equal(fold_length(STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")), 4);
    assert_int_equal(fold_length(STR("e\xcc\x81")), 2);
    assert_int_equal(fold_length(STR("abc\xff")), 0);
}

static void control_bidi_and_separator_characters_are_not_clean(void **state)
{
    static const char *const bad[] = {
        "\x01",         "\t",           "\n",           "\r",           "\x1b",
        "\x1f",         "\x7f",         "\xc2\x80",     "\xc2\x85",     "\xc2\x9f",
        "\xd8\x9c",     "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9",
        "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9", "\xff",
    };
    static const char *const good[] = {
        "", " ", "~", "\xc2\xa0", "\xe2\x80\x8d", "\xe2\x80\xaf", "\xf0\x9f\x98\x80"
    };
    char text[16];

    (void)state;
    assert_false(fold_clean(STR("\0")));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(fold_clean(str_of(bad[i])));
        snprintf(text, sizeof text, "ab%scd", bad[i]);
        assert_false(fold_clean(str_of(text)));
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(fold_clean(str_of(good[i])));
}

static void outer_space_is_seen_at_either_end(void **state)
{
    static const char *const spaces[] = { " ",        "\t",           "\n",          "\xc2\xa0",
                                          "\xc2\x85", "\xe2\x80\x83", "\xe3\x80\x80" };
    char text[16];

    (void)state;
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        assert_true(fold_outer_space(str_of(spaces[i])));
        snprintf(text, sizeof text, "%sab", spaces[i]);
        assert_true(fold_outer_space(str_of(text)));
        snprintf(text, sizeof text, "ab%s", spaces[i]);
        assert_true(fold_outer_space(str_of(text)));
        snprintf(text, sizeof text, "a%sb", spaces[i]);
        assert_false(fold_outer_space(str_of(text)));
    }
    assert_false(fold_outer_space(STR("")));
    assert_false(fold_outer_space(STR("\xc3\xa9\xf0\x9f\x98\x80")));
    assert_false(fold_outer_space(STR("\xe2\x80\x8b" /* no white space, whatever its name */)));
    assert_false(fold_outer_space(STR(" \xff")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_utf8_is_known_at_every_boundary),
        cmocka_unit_test(what_is_not_utf8_is_refused_wherever_it_stands),
        cmocka_unit_test(nothing_behind_the_end_is_read),
        cmocka_unit_test(nfc_composes_and_orders_marks),
        cmocka_unit_test(keys_are_the_same_without_case_and_however_composed),
        cmocka_unit_test(what_is_not_utf8_appends_nothing),
        cmocka_unit_test(a_buffer_without_memory_says_false),
        cmocka_unit_test(nul_is_a_character_like_others),
        cmocka_unit_test(every_character_has_a_key_of_at_most_nine_bytes_a_byte_that_is_its_own),
        cmocka_unit_test(lengths_are_code_points),
        cmocka_unit_test(control_bidi_and_separator_characters_are_not_clean),
        cmocka_unit_test(outer_space_is_seen_at_either_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
