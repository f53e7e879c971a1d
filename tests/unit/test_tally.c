/* SPDX-License-Identifier: MIT
 * A tally counts exactly, whatever comes and goes.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "relay/tally.h"

static void it_counts(void **state)
{
    struct tally t = { 0 };

    (void)state;
    assert_int_equal(tally_count(&t, 5), 0);
    tally_take(&t, 5);
    assert_true(tally_add(&t, 5));
    assert_true(tally_add(&t, 5));
    assert_true(tally_add(&t, 69)); /* the next place */
    assert_int_equal(tally_count(&t, 5), 2);
    assert_int_equal(tally_count(&t, 69), 1);
    tally_take(&t, 5);
    tally_take(&t, 5);
    tally_take(&t, 5);
    assert_int_equal(tally_count(&t, 5), 0);
    assert_int_equal(tally_count(&t, 69), 1);
    assert_int_equal(t.used, 1);
    tally_free(&t);
}

/* Against a plain array; keys that crowd into few places. */
static void it_stays_right_over_100000_changes(void **state)
{
    enum { KEYS = 400, CHANGES = 100000 };
    uint32_t right[KEYS + 1] = { 0 }, seed = 1;
    struct tally t = { 0 };

    (void)state;
    for (int i = 0; i < CHANGES; i++) {
        uint64_t key;

        seed = seed * 1664525 + 1013904223;
        key = 1 + (seed >> 8) % KEYS;
        if (seed >> 31) {
            assert_true(tally_add(&t, key * 37));
            right[key]++;
        } else if (right[key]) {
            tally_take(&t, key * 37);
            right[key]--;
        }
        assert_int_equal(tally_count(&t, key * 37), right[key]);
    }
    for (uint64_t key = 1; key <= KEYS; key++) {
        assert_int_equal(tally_count(&t, key * 37), right[key]);
        while (right[key]--)
            tally_take(&t, key * 37);
    }
    assert_int_equal(t.used, 0);
    for (size_t i = 0; i < t.size; i++)
        assert_int_equal(t.place[i].key, 0);
    tally_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_counts),
        cmocka_unit_test(it_stays_right_over_100000_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
