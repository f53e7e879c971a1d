/* SPDX-License-Identifier: MIT
 * Whose address counts: never what a client wrote itself, always what a trusted proxy appended.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/address.h"

static struct address of(const char *peer, const char *forwarded)
{
    char v4[] = "127.0.0.1", v6[] = "::1", other[] = "10.0.0.1";
    char *items[] = { v4, v6, other };
    struct setting_list trusted = { 3, items };

    return address_of(str_of(peer), str_of(forwarded), &trusted);
}

static void assert_is(const char *peer, const char *forwarded, const char *expected)
{
    struct address got = of(peer, forwarded), want = of(expected, NULL);

    assert_memory_equal(&got, &want, sizeof got);
}

static void the_peer_counts_unless_it_is_trusted(void **state)
{
    (void)state;
    assert_is("203.0.113.7", NULL, "203.0.113.7");
    assert_is("203.0.113.7", "198.51.100.1", "203.0.113.7");
    assert_is("127.0.0.1", "198.51.100.1", "198.51.100.1");
    assert_is("::1", "198.51.100.1", "198.51.100.1");
    assert_is("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1");
    assert_is(NULL, "198.51.100.1", "198.51.100.1");
    assert_is("unix", "198.51.100.1", "198.51.100.1");
    assert_is("", "198.51.100.1", NULL);
}

static void of_a_row_the_last_that_is_not_trusted(void **state)
{
    (void)state;
    assert_is(NULL, "1.1.1.1, 203.0.113.7", "203.0.113.7");
    assert_is(NULL, "1.1.1.1,203.0.113.7 , 10.0.0.1,127.0.0.1", "203.0.113.7");
    assert_is(NULL, "127.0.0.1, 203.0.113.7", "203.0.113.7");
    assert_is("127.0.0.1", "10.0.0.1", "10.0.0.1");
}

static void nonsense_ends_the_row(void **state)
{
    struct address none = of(NULL, "nonsense");

    (void)state;
    assert_false(address_known(&none));
    none = of(NULL, NULL);
    assert_false(address_known(&none));
    none = of(NULL, ",");
    assert_false(address_known(&none));
    assert_is("127.0.0.1", "nonsense", "127.0.0.1");
    assert_is("127.0.0.1", "1.1.1.1, 300.1.1.1, 10.0.0.1", "10.0.0.1");
    assert_is("127.0.0.1", "1.1.1.1,,10.0.0.1", "10.0.0.1");
}

static void ports_and_brackets_are_taken_off(void **state)
{
    (void)state;
    assert_is(NULL, "203.0.113.7:1234", "203.0.113.7");
    assert_is(NULL, "[2001:db8::1]:1234", "2001:db8::1");
    assert_is(NULL, "[2001:db8::1]", "2001:db8::1");
    assert_is(NULL, "0:0:0:0:0:ffff:203.0.113.7", "203.0.113.7");
    assert_is(NULL, "64:ff9b::203.0.113.7", "64:ff9b::");
}

static void the_machine_itself_is_an_address_too(void **state)
{
    struct setting_list none = { 0 };
    struct address one = address_of(STR("::1"), (struct str){ 0 }, &none);
    struct address two = address_of(STR("::2"), (struct str){ 0 }, &none);

    (void)state;
    assert_true(address_known(&one));
    assert_memory_not_equal(&one, &two, sizeof one);
}

static void ipv6_counts_by_its_network(void **state)
{
    struct address a = of("2001:db8:0:1::1", NULL), b = of("2001:db8:0:1:ffff::9", NULL);
    struct address c = of("2001:db8:0:2::1", NULL), v4 = of("203.0.113.7", NULL),
                   v4b = of("203.0.113.8", NULL);

    (void)state;
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
    assert_memory_not_equal(&v4, &v4b, sizeof v4);
    assert_is("::ffff:203.0.113.7", NULL, "203.0.113.7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_peer_counts_unless_it_is_trusted),
        cmocka_unit_test(of_a_row_the_last_that_is_not_trusted),
        cmocka_unit_test(nonsense_ends_the_row),
        cmocka_unit_test(ports_and_brackets_are_taken_off),
        cmocka_unit_test(the_machine_itself_is_an_address_too),
        cmocka_unit_test(ipv6_counts_by_its_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
