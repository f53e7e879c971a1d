/* SPDX-License-Identifier: MIT
 * Buckets: so many at once, then one each interval; and a table that never grows and forgets the right ones.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/bucket.h"

enum { TABLE = 64 };

static void so_many_at_once_then_one_each_interval(void **state)
{
    struct bucket_rate rate = { 100, 3 };
    int64_t full = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(bucket_take(&full, rate, 1000), 0);
    assert_int_equal(bucket_take(&full, rate, 1000), 100);
    assert_int_equal(bucket_take(&full, rate, 1099), 1);
    assert_int_equal(bucket_take(&full, rate, 1100), 0);
    assert_int_equal(bucket_take(&full, rate, 1100), 100);
    assert_int_equal(bucket_take(&full, rate, 1250), 0);
    assert_int_equal(bucket_take(&full, rate, 1250), 50);
}

static void a_refusal_takes_nothing(void **state)
{
    struct bucket_rate rate = { 100, 1 };
    int64_t full = 0;

    (void)state;
    assert_int_equal(bucket_take(&full, rate, 1000), 0);
    for (int i = 0; i < 50; i++)
        assert_int_equal(bucket_take(&full, rate, 1050), 50);
    assert_int_equal(bucket_take(&full, rate, 1100), 0);
}

static void it_fills_up_to_its_top_only(void **state)
{
    struct bucket_rate rate = { 100, 2 };
    int64_t full = 0;

    (void)state;
    assert_int_equal(bucket_take(&full, rate, 1000), 0);
    assert_int_equal(bucket_take(&full, rate, 1000000), 0);
    assert_int_equal(bucket_take(&full, rate, 1000000), 0);
    assert_int_equal(bucket_take(&full, rate, 1000000), 100);
}

static void a_debt_is_waited_for(void **state)
{
    struct bucket_rate rate = { 100, 1 };
    int64_t full = 0;

    (void)state;
    assert_int_equal(bucket_wait(full, rate, 1000), 0);
    for (int i = 0; i < 5; i++)
        bucket_charge(&full, rate, 1000);
    assert_int_equal(bucket_wait(full, rate, 1000), 500);
    assert_int_equal(bucket_take(&full, rate, 1499), 1);
    assert_int_equal(bucket_take(&full, rate, 1500), 0);
}

static void no_rate_is_no_limit(void **state)
{
    int64_t full = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(bucket_take(&full, (struct bucket_rate){ 0 }, 5), 0);
}

static void keys_have_buckets_of_their_own(void **state)
{
    struct bucket_table *t = bucket_table_new(TABLE);
    struct bucket_rate rate = { 100, 1 };

    (void)state;
    assert_int_equal(bucket_take(bucket_find(t, 1, 1000), rate, 1000), 0);
    assert_int_equal(bucket_take(bucket_find(t, 9, 1000), rate, 1000), 0); /* the same set */
    assert_int_equal(bucket_take(bucket_find(t, 1, 1000), rate, 1000), 100);
    assert_int_equal(bucket_take(bucket_find(t, 9, 1000), rate, 1000), 100);
    assert_int_equal(bucket_peek(t, 1), 1100);
    assert_int_equal(bucket_peek(t, 17), 0);
    bucket_table_free(t);
}

/* Many times more keys than places: who has used up its bucket stays remembered. */
static void a_flood_pushes_out_the_fullest(void **state)
{
    struct bucket_table *t = bucket_table_new(TABLE);
    struct bucket_rate rate = { 100, 5 };

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(bucket_take(bucket_find(t, 8, 1000), rate, 1000), 0);
    for (uint64_t key = 1000; key < 21000; key++)
        bucket_take(bucket_find(t, key, 1000), rate, 1000);
    assert_int_equal(bucket_take(bucket_find(t, 8, 1000), rate, 1000), 100);
    bucket_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_at_once_then_one_each_interval),
        cmocka_unit_test(a_refusal_takes_nothing),
        cmocka_unit_test(it_fills_up_to_its_top_only),
        cmocka_unit_test(a_debt_is_waited_for),
        cmocka_unit_test(no_rate_is_no_limit),
        cmocka_unit_test(keys_have_buckets_of_their_own),
        cmocka_unit_test(a_flood_pushes_out_the_fullest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
