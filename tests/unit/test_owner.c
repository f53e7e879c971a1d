/* SPDX-License-Identifier: MIT
 * Owner tokens: their shape, whose they are, and that a new one ends the old.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/key.h"
#include "common/owner.h"

static void a_made_one_is_the_rooms(void **state)
{
    char text[OWNER_TEXT_SIZE];
    struct room room = { 0 };
    uint8_t digest[KEY_SIZE];

    (void)state;
    owner_make(&room, text);
    assert_int_equal(strlen(text), 46);
    assert_true(owner_shaped(str_of(text)));
    assert_true(room.owned);
    assert_true(owner_is(&room, str_of(text)));
    key_sha256(digest, str_of(text));
    assert_memory_equal(room.owner, digest, sizeof digest);
}

static void a_new_one_ends_the_old(void **state)
{
    char old[OWNER_TEXT_SIZE], text[OWNER_TEXT_SIZE];
    struct room room = { 0 };

    (void)state;
    owner_make(&room, old);
    owner_make(&room, text);
    assert_false(owner_is(&room, str_of(old)));
    assert_true(owner_is(&room, str_of(text)));
}

static void any_other_letter_is_another_token(void **state)
{
    char text[OWNER_TEXT_SIZE];
    struct room room = { 0 };

    (void)state;
    owner_make(&room, text);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        char kept = text[i];

        text[i] = kept == 'A' ? 'B' : 'A';
        assert_false(owner_is(&room, str_of(text)));
        text[i] = kept;
    }
    assert_false(owner_is(&room, (struct str){ text, sizeof text - 2 }));
    assert_false(owner_is(&room, (struct str){ 0 }));
}

static void nobodys_room_has_none(void **state)
{
    char text[OWNER_TEXT_SIZE];
    struct room room = { 0 };

    (void)state;
    owner_make(&room, text);
    room.owned = false;
    assert_false(owner_is(&room, str_of(text)));
}

static void all_256_bits_count(void **state)
{
    uint8_t seen[43] = { 0 };

    (void)state;
    for (int n = 0; n < 200; n++) {
        char text[OWNER_TEXT_SIZE], other[OWNER_TEXT_SIZE];
        struct room room = { 0 };

        owner_make(&room, text);
        owner_make(&room, other);
        for (size_t i = 0; i < sizeof seen; i++)
            seen[i] |= text[3 + i] != other[3 + i];
    }
    for (size_t i = 0; i < sizeof seen; i++)
        assert_int_equal(seen[i], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_one_is_the_rooms),
        cmocka_unit_test(a_new_one_ends_the_old),
        cmocka_unit_test(any_other_letter_is_another_token),
        cmocka_unit_test(nobodys_room_has_none),
        cmocka_unit_test(all_256_bits_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
