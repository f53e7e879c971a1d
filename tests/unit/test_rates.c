/* SPDX-License-Identifier: MIT
 * What is charged to whom: by address, by room, and what a right password gives back.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/rates.h"

enum { ROOM = 7, OTHER_ROOM = 8, NOW = 1000000 };

struct fixture {
    struct settings settings;
    struct rates *rates;
};

static struct fixture fixture(void)
{
    struct fixture f = { 0 };

    f.settings.connect_rate = (struct setting_rate){ SETTING_NONE, 1 };
    f.settings.join_rate = (struct setting_rate){ 2, 1000 };
    f.settings.create_rate = (struct setting_rate){ 3, 3600000 };
    f.settings.login_rate = (struct setting_rate){ 2, 60000 };
    f.settings.login_rate_room = (struct setting_rate){ 5, 60000 };
    f.rates = rates_new(&f.settings);
    assert_non_null(f.rates);
    return f;
}

static uint64_t from(const struct fixture *f, uint32_t number)
{
    struct address a = { .bytes = { [10] = 0xff, [11] = 0xff } };

    memcpy(a.bytes + 12, &number, sizeof number);
    return rates_from(f->rates, &a);
}

static struct rates_answer charge(struct fixture *f, enum rate what, uint64_t who, int64_t room,
                                  int64_t now_ms)
{
    return rates_charge(f->rates, &(struct rates_asked){ what, who, room }, now_ms);
}

static void addresses_count_apart(void **state)
{
    struct fixture f = fixture();

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(charge(&f, RATE_JOIN, from(&f, 1), 0, NOW).wait_ms, 0);
    assert_int_equal(charge(&f, RATE_JOIN, from(&f, 1), 0, NOW).wait_ms, 500);
    assert_string_equal(charge(&f, RATE_JOIN, from(&f, 1), 0, NOW).field, "join_rate");
    assert_int_equal(charge(&f, RATE_JOIN, from(&f, 2), 0, NOW).wait_ms, 0);
    assert_int_equal(charge(&f, RATE_JOIN, from(&f, 1), 0, NOW + 500).wait_ms, 0);
    rates_free(f.rates);
}

static void limits_count_apart(void **state)
{
    struct fixture f = fixture();

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(charge(&f, RATE_CREATE, from(&f, 1), 0, NOW).wait_ms, 0);
    assert_int_equal(charge(&f, RATE_CREATE, from(&f, 1), 0, NOW).wait_ms, 1200000);
    assert_string_equal(charge(&f, RATE_CREATE, from(&f, 1), 0, NOW).field, "create_rate");
    assert_int_equal(charge(&f, RATE_JOIN, from(&f, 1), 0, NOW).wait_ms, 0);
    rates_free(f.rates);
}

static void none_is_no_limit_and_so_is_an_unknown_address(void **state)
{
    struct fixture f = fixture();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(charge(&f, RATE_CONNECT, from(&f, 1), 0, NOW).wait_ms, 0);
        assert_int_equal(charge(&f, RATE_JOIN, 0, 0, NOW).wait_ms, 0);
    }
    assert_int_equal(rates_from(f.rates, &(struct address){ 0 }), 0);
    rates_free(f.rates);
}

/* As globes.fcgi does it: asked before, charged after. */
static struct rates_answer guess(struct fixture *f, uint64_t who, int64_t room, int64_t now_ms)
{
    struct rates_answer said = charge(f, RATE_LOGIN, who, room, now_ms);

    if (!said.wait_ms)
        charge(f, RATE_WRONG, who, room, now_ms);
    return said;
}

static void wrong_passwords_count_by_address_and_room(void **state)
{
    struct fixture f = fixture();

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(guess(&f, from(&f, 1), ROOM, NOW).wait_ms, 0);
    assert_int_equal(guess(&f, from(&f, 1), ROOM, NOW).wait_ms, 30000);
    assert_string_equal(guess(&f, from(&f, 1), ROOM, NOW).field, "login_rate");
    assert_int_equal(guess(&f, from(&f, 1), OTHER_ROOM, NOW).wait_ms, 0);
    assert_int_equal(guess(&f, from(&f, 2), ROOM, NOW).wait_ms, 0);
    rates_free(f.rates);
}

static void right_ones_do_not_count(void **state)
{
    struct fixture f = fixture();

    (void)state;
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(charge(&f, RATE_LOGIN, from(&f, i), ROOM, NOW).wait_ms, 0);
        charge(&f, RATE_ENTERED, from(&f, i), ROOM, NOW);
    }
    assert_int_equal(charge(&f, RATE_LOGIN, from(&f, 51), ROOM, NOW).wait_ms, 0);
    rates_free(f.rates);
}

/* Eight that were asked about before the first was charged: the address waits for all of them. */
static void guesses_at_once_are_waited_for(void **state)
{
    struct fixture f = fixture();

    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(charge(&f, RATE_LOGIN, from(&f, 1), ROOM, NOW).wait_ms, 0);
    for (int i = 0; i < 8; i++)
        charge(&f, RATE_WRONG, from(&f, 1), ROOM, NOW);
    assert_int_equal(charge(&f, RATE_LOGIN, from(&f, 1), ROOM, NOW).wait_ms, 7 * 30000);
    rates_free(f.rates);
}

/* 1000 addresses guess: the room lets five a minute try; who has entered before is not kept out by them. */
static void a_room_spares_those_it_knows(void **state)
{
    struct fixture f = fixture();
    uint64_t known = from(&f, 1);
    unsigned tried = 0;

    (void)state;
    charge(&f, RATE_ENTERED, known, ROOM, NOW);
    for (uint32_t i = 2; i < 1002; i++) {
        struct rates_answer said = guess(&f, from(&f, i), ROOM, NOW);

        tried += !said.wait_ms;
        if (said.wait_ms)
            assert_string_equal(said.field, "login_rate_room");
    }
    assert_int_equal(tried, 5);
    for (int i = 0; i < 2; i++)
        assert_int_equal(guess(&f, known, ROOM, NOW).wait_ms, 0);
    assert_string_equal(guess(&f, known, ROOM, NOW).field, "login_rate");
    assert_int_equal(guess(&f, from(&f, 5000), OTHER_ROOM, NOW).wait_ms, 0);
    rates_free(f.rates);
}

/* A tenth of what the room allows may be people's own mistakes. */
static void a_room_is_calm_until_many_guess(void **state)
{
    struct fixture f = fixture();

    (void)state;
    f.settings.login_rate_room.count = 20;
    rates_free(f.rates);
    f.rates = rates_new(&f.settings);
    assert_non_null(f.rates);
    charge(&f, RATE_ENTERED, from(&f, 1), ROOM, NOW);
    for (uint32_t i = 2; i < 5; i++) {
        assert_int_equal(charge(&f, RATE_LOGIN, from(&f, i), ROOM, NOW).trust, TRUST_CALM);
        charge(&f, RATE_WRONG, from(&f, i), ROOM, NOW);
    }
    assert_int_equal(charge(&f, RATE_LOGIN, from(&f, 5), ROOM, NOW).trust, TRUST_NONE);
    assert_int_equal(charge(&f, RATE_LOGIN, from(&f, 1), ROOM, NOW).trust, TRUST_KNOWN);
    assert_int_equal(charge(&f, RATE_LOGIN, from(&f, 5), OTHER_ROOM, NOW).trust, TRUST_CALM);
    assert_int_equal(charge(&f, RATE_LOGIN, from(&f, 5), ROOM, NOW + 60000).trust, TRUST_CALM);
    rates_free(f.rates);
}

static void after_30_days_nobody_is_known(void **state)
{
    const int64_t days = INT64_C(86400000);
    struct fixture f = fixture();

    (void)state;
    charge(&f, RATE_ENTERED, from(&f, 1), ROOM, NOW);
    for (uint32_t i = 2; i < 7; i++)
        guess(&f, from(&f, i), ROOM, NOW + 29 * days);
    assert_int_equal(charge(&f, RATE_LOGIN, from(&f, 1), ROOM, NOW + 29 * days).wait_ms, 0);
    for (uint32_t i = 2; i < 7; i++)
        guess(&f, from(&f, i), ROOM, NOW + 31 * days);
    assert_string_equal(charge(&f, RATE_LOGIN, from(&f, 1), ROOM, NOW + 31 * days).field, "login_rate_room");
    rates_free(f.rates);
}

static void an_unknown_address_counts_for_the_room(void **state)
{
    struct fixture f = fixture();

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(guess(&f, 0, ROOM, NOW).wait_ms, 0);
    charge(&f, RATE_ENTERED, 0, ROOM, NOW);
    assert_string_equal(guess(&f, 0, ROOM, NOW).field, "login_rate_room");
    rates_free(f.rates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_count_apart),
        cmocka_unit_test(limits_count_apart),
        cmocka_unit_test(none_is_no_limit_and_so_is_an_unknown_address),
        cmocka_unit_test(wrong_passwords_count_by_address_and_room),
        cmocka_unit_test(right_ones_do_not_count),
        cmocka_unit_test(guesses_at_once_are_waited_for),
        cmocka_unit_test(a_room_spares_those_it_knows),
        cmocka_unit_test(a_room_is_calm_until_many_guess),
        cmocka_unit_test(after_30_days_nobody_is_known),
        cmocka_unit_test(an_unknown_address_counts_for_the_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
