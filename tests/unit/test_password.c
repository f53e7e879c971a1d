/* SPDX-License-Identifier: MIT
 * common/password: which hashes verify, which never reach crypt(3), and what can be hashed at all. The hashes
 * here are right ones of "correct horse": what is refused is refused for its kind or its cost.
 */
#include "common/password.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define WORD     STR("correct horse")
#define YESCRYPT "$y$j9T$abcdefgh$4mqd6JVlUo/.JMgenptcdPqIowfqDPoC9lSyWQhPMf1"
#define BCRYPT   "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"

static void a_password_verifies_with_its_own_hash_alone(void **state)
{
    static const char *const others[] = { "", "correct hors", "correct horsf", "correct horse ",
                                          "Correct horse" };
    char hash[PASSWORD_HASH_SIZE];

    (void)state;
    assert_true(password_hash(WORD, hash));
    assert_memory_equal(hash, "$y$", 3);
    assert_true(password_verify(WORD, hash));
    assert_false(password_stale(hash));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(password_verify(str_of(others[i]), hash));
}

static void the_same_password_never_has_the_same_hash(void **state)
{
    char a[PASSWORD_HASH_SIZE], b[PASSWORD_HASH_SIZE];

    (void)state;
    assert_true(password_hash(WORD, a));
    assert_true(password_hash(WORD, b));
    assert_string_not_equal(a, b);
}

static void a_password_of_511_bytes_counts_to_its_last(void **state)
{
    char text[512], hash[PASSWORD_HASH_SIZE];

    (void)state;
    memset(text, 'p', sizeof text);
    assert_true(password_hash((struct str){ text, 511 }, hash));
    assert_true(password_verify((struct str){ text, 511 }, hash));
    assert_false(password_verify((struct str){ text, 510 }, hash));
    text[510] = 'q';
    assert_false(password_verify((struct str){ text, 511 }, hash));
}

static void a_password_that_is_too_long_or_has_a_nul_is_refused(void **state)
{
    char text[512], hash[PASSWORD_HASH_SIZE] = "x";

    (void)state;
    memset(text, 'p', sizeof text);
    assert_false(password_hash((struct str){ text, 512 }, hash));
    assert_string_equal(hash, "");
    assert_false(password_hash(STR("correct horse\0x"), hash));
    assert_false(password_verify((struct str){ text, 512 }, YESCRYPT));
    assert_false(password_verify(STR("correct horse\0"), YESCRYPT));
    assert_false(password_verify(STR("correct horse\0"), BCRYPT));
}

static void hashes_we_know_verify(void **state)
{
    static const char *const good[] = {
        YESCRYPT,
        BCRYPT,
        "$y$j75$abcdefgh$Jakf0CHhzdQOivqISxvBXCIRIaxY0Fs1wJGsJSurry/",
        "$y$jBT$abcdefgh$SoMG7G.qnZi1QDkMl1SXp/IPGFNe6Unu6MbAaJu2yp0",
        "$2a$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
        "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
        "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "$2b$14$abcdefghijklmnopqrstuuVjy3WfYsef9X9ig7GWAQsq.R8VvWccC",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!password_verify(WORD, good[i]))
            fail_msg("refused: %s", good[i]);
        if (i < 2)
            assert_false(password_verify(STR("wrong horse"), good[i]));
    }
}

static void right_hashes_of_other_kinds_or_too_dear_are_refused(void **state)
{
    static const char *const bad[] = {
        "abhfCpXqd4GrI",
        "$1$saltsalt$NuzA7WTAelpl95xgBGWN60",
        "$5$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
        "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0",
        "$7$CU..../....abcdefgh$zsdaqwx89mPOv8.UAUJOC7yCeca1WUSV.qqzsN2U1JA",
        "$gy$j9T$abcdefgh$yhoLJn0JpE7C2QxfG8fCICu.Z3PJY/dhTuRqn7Sv6i/",
        "$2x$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
        "$2b$15$abcdefghijklmnopqrstuuFyy98jhqVTP5.g80HBm5AYybeT9zOkO",
        "$y$jCT$abcdefgh$if4GY7/eEiK6l0xqAgzkJsaO5/U5VqNCGfyStlL/Xh7",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (password_verify(WORD, bad[i]))
            fail_msg("taken: %s", bad[i]);
}

static void what_is_no_hash_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "*",
        "*0",
        "plain",
        "correct horse",
        "$",
        "$y",
        "$y$",
        "$y$j",
        "$y$j9",
        "$y$j9T",
        "$y$j9T$",
        "$y$j9T$abcdefgh",
        "$y$j9T$abcdefgh$",
        YESCRYPT "x",
        YESCRYPT "$",
        "$2b$",
        "$2b$05$",
        "$2b$05$abcdefghijklmnopqrstuu",
        BCRYPT "x",
        "$2b$5$aabcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
        "$2b$xx$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
        " " YESCRYPT,
        "$Y$j9T$abcdefgh$x",
    };
    char long_one[1000] = YESCRYPT;

    (void)state;
    memset(long_one + strlen(long_one), 'a', 900);
    assert_false(password_verify(WORD, long_one));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (password_verify(WORD, bad[i]))
            fail_msg("taken: %s", bad[i]);
}

static void all_but_yescrypt_is_to_be_made_anew(void **state)
{
    (void)state;
    assert_false(password_stale(YESCRYPT));
    assert_true(password_stale(BCRYPT));
    assert_true(password_stale("$2a$10$x"));
    assert_true(password_stale(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_verifies_with_its_own_hash_alone),
        cmocka_unit_test(the_same_password_never_has_the_same_hash),
        cmocka_unit_test(a_password_of_511_bytes_counts_to_its_last),
        cmocka_unit_test(a_password_that_is_too_long_or_has_a_nul_is_refused),
        cmocka_unit_test(hashes_we_know_verify),
        cmocka_unit_test(right_hashes_of_other_kinds_or_too_dear_are_refused),
        cmocka_unit_test(what_is_no_hash_is_refused),
        cmocka_unit_test(all_but_yescrypt_is_to_be_made_anew),
    };

    return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
