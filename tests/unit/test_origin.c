/* SPDX-License-Identifier: MIT
 * Whose page asks: own by host and port, allowed by the setting, foreign in every other shape.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/origin.h"

static enum origin ask(const char *origin, const char *host, char *site, char *allowed)
{
    struct origin_asked asked = { .origin = str_of(origin), .host = str_of(host) };
    struct setting_list sites = { site != NULL, &site }, others = { allowed != NULL, &allowed };

    return origin_of(&asked, &sites, &others);
}

static void own_is_the_host_that_was_asked(void **state)
{
    static const char *const own[][2] = {
        { "http://example.org", "example.org" },
        { "https://example.org", "example.org" },
        { "https://example.org:443", "example.org" },
        { "https://example.org", "example.org:443" },
        { "http://example.org:80", "example.org" },
        { "http://EXAMPLE.org", "example.ORG" },
        { "HTTP://example.org", "example.org" },
        { "http://example.org:8080", "example.org:8080" },
        { "http://[2001:db8::1]", "[2001:db8::1]" },
        { "http://[2001:db8::1]:8080", "[2001:db8::1]:8080" },
        { "https://xn--bcher-kva.example", "xn--bcher-kva.example" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        assert_int_equal(ask(own[i][0], own[i][1], NULL, NULL), ORIGIN_OWN);
}

static void everything_else_is_foreign(void **state)
{
    static const char *const foreign[] = {
        "null",
        "",
        "http://example.org:8080",
        "https://example.org:80",
        "http://evil-example.org",
        "http://example.org.evil",
        "http://www.example.org",
        "http://example.org/",
        "http://example.org/path",
        "http://user@example.org",
        "http://example.org, http://example.org",
        "http://example.org http://example.org",
        "http:example.org",
        "http:/example.org",
        "http://",
        "http://:80",
        "://example.org",
        "example.org",
        "//example.org",
        "ftp://example.org",
        "file://",
        "chrome-extension://example.org",
        "http://example.org:",
        "http://example.org:x",
        "http://example.org:80:80",
        "http://example.org:65536",
        "http://[example.org]",
        "http://[::1",
        "http://example.org\t",
        "http://ex\xc3\xa4mple.org",
    };

    (void)state;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        assert_int_equal(ask(foreign[i], "example.org", NULL, NULL), ORIGIN_FOREIGN);
}

static void the_setting_site_replaces_the_host(void **state)
{
    char site[] = "https://a.example";

    (void)state;
    assert_int_equal(ask("https://a.example", "b.example", site, NULL), ORIGIN_OWN);
    assert_int_equal(ask("https://b.example", "b.example", site, NULL), ORIGIN_FOREIGN);
}

static void allowed_goes_by_scheme_too(void **state)
{
    char other[] = "https://other.example", all[] = "*";

    (void)state;
    assert_int_equal(ask("https://other.example", "e", NULL, other), ORIGIN_ALLOWED);
    assert_int_equal(ask("https://OTHER.example:443", "e", NULL, other), ORIGIN_ALLOWED);
    assert_int_equal(ask("http://other.example", "e", NULL, other), ORIGIN_FOREIGN);
    assert_int_equal(ask("https://other.example:444", "e", NULL, other), ORIGIN_FOREIGN);
    assert_int_equal(ask("http://any.example:81", "e", NULL, all), ORIGIN_ALLOWED);
    assert_int_equal(ask("null", "e", NULL, all), ORIGIN_FOREIGN);
    assert_int_equal(ask("http://e", "e", NULL, all), ORIGIN_ALLOWED);
    assert_int_equal(ask("http://other.example", "other.example", NULL, other), ORIGIN_OWN);
    assert_int_equal(ask("https://other.example", "other.example", NULL, other), ORIGIN_ALLOWED);
    assert_int_equal(ask("ht\rtp://e", "e", NULL, all), ORIGIN_FOREIGN);
}

static void without_origin_the_browser_may_still_tell(void **state)
{
    struct origin_asked asked = { .host = STR("e") };
    struct setting_list none = { 0 };

    (void)state;
    assert_int_equal(origin_of(&asked, &none, &none), ORIGIN_NONE);
    asked.fetch_site = STR("same-origin");
    assert_int_equal(origin_of(&asked, &none, &none), ORIGIN_NONE);
    asked.fetch_site = STR("Cross-Site");
    assert_int_equal(origin_of(&asked, &none, &none), ORIGIN_FOREIGN);
    asked.origin = STR("http://e");
    assert_int_equal(origin_of(&asked, &none, &none), ORIGIN_OWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_is_the_host_that_was_asked),
        cmocka_unit_test(everything_else_is_foreign),
        cmocka_unit_test(the_setting_site_replaces_the_host),
        cmocka_unit_test(allowed_goes_by_scheme_too),
        cmocka_unit_test(without_origin_the_browser_may_still_tell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
